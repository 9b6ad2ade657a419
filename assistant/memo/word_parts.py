"""What python-docx 1.2 lacks of a Word file: footnotes, fields, bookmarks, equal bytes.

Word is stricter than other readers: the separators have the ids -1 and 0 and stand in the settings
too, each style that is named exists, and what a note's mark calls is there exactly once.
"""

import io
import zipfile

from docx.document import Document
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import XmlPart
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement

FOOTNOTE_TEXT, FOOTNOTE_REFERENCE, HYPERLINK = "FootnoteText", "FootnoteReference", "Hyperlink"

_SEPARATORS = f"""<w:footnotes {nsdecls("w", "r")}>
<w:footnote w:type="separator" w:id="-1"><w:p><w:pPr><w:spacing w:after="0" w:line="240"
 w:lineRule="auto"/></w:pPr><w:r><w:separator/></w:r></w:p></w:footnote>
<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:pPr><w:spacing w:after="0" w:line="240"
 w:lineRule="auto"/></w:pPr><w:r><w:continuationSeparator/></w:r></w:p></w:footnote>
</w:footnotes>"""
_STYLES = f"""<w:styles {nsdecls("w")}>
<w:style w:type="paragraph" w:styleId="{FOOTNOTE_TEXT}"><w:name w:val="footnote text"/>
<w:basedOn w:val="Normal"/><w:uiPriority w:val="99"/><w:unhideWhenUsed/><w:pPr><w:spacing w:after="40"
 w:line="240" w:lineRule="auto"/></w:pPr><w:rPr><w:sz w:val="18"/><w:szCs w:val="18"/></w:rPr></w:style>
<w:style w:type="character" w:styleId="{FOOTNOTE_REFERENCE}"><w:name w:val="footnote reference"/>
<w:basedOn w:val="DefaultParagraphFont"/><w:uiPriority w:val="99"/><w:unhideWhenUsed/>
<w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>
<w:style w:type="character" w:styleId="{HYPERLINK}"><w:name w:val="Hyperlink"/>
<w:basedOn w:val="DefaultParagraphFont"/><w:uiPriority w:val="99"/><w:unhideWhenUsed/>
<w:rPr><w:color w:val="0B4F9E"/><w:u w:val="single"/></w:rPr></w:style>
</w:styles>"""
_SETTINGS = f"""<w:footnotePr {nsdecls("w")}><w:footnote w:id="-1"/><w:footnote w:id="0"/></w:footnotePr>"""
# Parts of python-docx's template that say where it was made, or nothing.
_DROPPED = ("thumbnail", "extended-properties", "customXml", "stylesWithEffects")


def element(name: str, /, *children: BaseOxmlElement, **attributes: str | int) -> BaseOxmlElement:
    """An element of WordprocessingML with its children and attributes."""
    made = OxmlElement(f"w:{name}", {qn(f"w:{key}"): str(value) for key, value in attributes.items()})
    made.extend(children)
    return made


def add_styles(document: Document) -> None:
    """Add the styles that footnotes and links need."""
    document.styles.element.extend(list(parse_xml(_STYLES)))


def add_footnotes(document: Document) -> BaseOxmlElement:
    """Add the part that holds footnotes and the settings it needs; the element to append them to."""
    root = parse_xml(_SEPARATORS)
    package = document.part.package
    assert package is not None
    part = XmlPart(PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, root, package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    compatibility = document.settings.element.find(qn("w:compat"))
    assert compatibility is not None
    compatibility.addprevious(parse_xml(_SETTINGS))  # the schema orders the settings
    return root


def call(number: int, first: bool) -> list[BaseOxmlElement]:
    """The mark of a note: the reference itself, or where it was called before a field that repeats it."""
    look = element("rPr", element("rStyle", val=FOOTNOTE_REFERENCE))
    name = f"_RefNote{number}"
    if first:
        start = element("bookmarkStart", id=number, name=name)
        run = element("r", look, element("footnoteReference", id=number))
        return [start, run, element("bookmarkEnd", id=number)]
    shown = element("t")
    shown.text = str(number)
    return [element("fldSimple", element("r", look, shown), instr=rf" NOTEREF {name} \f \h ")]


def page_number() -> BaseOxmlElement:
    """A field that shows the number of the page it stands on."""
    shown = element("t")
    shown.text = "1"
    return element("fldSimple", element("r", shown), instr=" PAGE ")


def start_list(document: Document, value: int) -> int:
    """The id of a new numbered list that begins at a value."""
    numbering = document.part.numbering_part.element
    style = document.styles["List Number"].element
    pattern = numbering.num_having_numId(style.pPr.numPr.numId.val).abstractNumId.val
    made = numbering.add_num(pattern)
    made.add_lvlOverride(ilvl=0).add_startOverride(value)
    return int(made.numId)


def drop_template_parts(document: Document) -> None:
    """Take out what the template carries of its maker: a picture, its program, its second styles."""
    package = document.part.package
    assert package is not None
    for relations in (package.rels, document.part.rels):
        for key in [key for key, one in relations.items() if one.reltype.endswith(_DROPPED)]:
            del relations[key]


def saved(document: Document) -> bytes:
    """The file's bytes, the same for the same document whenever and wherever it is written."""
    loose, fixed = io.BytesIO(), io.BytesIO()
    document.save(loose)
    with zipfile.ZipFile(loose) as read, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as write:
        for name in read.namelist():
            entry = zipfile.ZipInfo(name)  # its time is 1 January 1980
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            write.writestr(entry, read.read(name))
    return fixed.getvalue()
