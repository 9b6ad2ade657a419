def write_page(lines): 
    import json
    for l in lines: print({k:(v if not isinstance(v,list) or len(v)<20 else [round(sorted(v)[len(v)//2],2),round(sorted(v)[int(len(v)*.95)],2)]) for k,v in l.items()})
