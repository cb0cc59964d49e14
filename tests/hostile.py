"""Strings that somebody might type, or name something, to break out of where they stand; 200 of them, all different."""

MARKUP = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<svg/onload=alert(1)>", "</style>", "</script>",
    "<!--", "-->", "]]>", "<![CDATA[x]]>", "<?xml version='1.0'?>", "<!DOCTYPE x [<!ENTITY e 'e'>]>", "&e;",
    "&amp;&lt;",
    "&#60;script&#62;", "&#x3c;b&#x3e;", "<b>x</b>", "<iframe src=javascript:alert(1)>", "<a href='javascript:x'>x</a>",
    "javascript:alert(1)", "data:text/html,<b>x</b>", "<style>*{display:none}</style>", "<base href='//evil'>",
    "<meta http-equiv=refresh content=0>", "<link rel=stylesheet href=//evil>", "<object data=x>", "<embed src=x>",
    "<foreignObject><body/></foreignObject>", "<use href='#x'/>", "<image href='//evil/x.png'/>", "<text>x</text>",
    "<title>x</title>", "</text></svg><script>1</script>", "' onmouseover='alert(1)",
    '" onfocus="alert(1)" autofocus="',
    "<noscript><p title='</noscript><script>1</script>'>", "<template>x</template>", "<math><mi>x</mi></math>",
    "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>", "<ScRiPt>alert(1)</sCrIpT>", "<<script>script>", "<", ">", "&",
]
TEMPLATES = [
    "{0}", "{}", "{x}", "{x.__class__}", "{0.__globals__}", "%s", "%(x)s", "%n", "${x}", "$x", "{{7*7}}", "<%= x %>",
    "{% raw %}", "#{x}", "`x`", "TITLE", "FALLBACK", "WIDE_FONTS", "FONTS", "\\1", "\\g<0>", "__proto__", "constructor",
    "toString", "hasOwnProperty",
]
LATEX = [
    r"\input{x}", r"\write18{ls}", "$x^2$", "#_%&~^", "\\", "}", "{", r"\end{document}", r"\def\x{\x}\x", r"\\", "%",
    r"\catcode`\@=11", r"\csname x\endcsname", "^^41", r"\(x\)", r"\[x\]", "~", r"\begin{verbatim}", r"\openout1=x",
    r"\includegraphics{/etc/passwd}",
]
DOT = ['"', '"]; evil [label="', "}digraph{", "\\n", "\\l", "<b>", "a:b", "a->b", "// x", "/* x */", "# x", ";"]
CODE = [
    "__import__('os').system('ls')", "().__class__.__mro__", "lambda: 0", "open('x')", "eval('1')", "exec('1')",
    "x.__class__", "x[0]", "x if y else z", "[x for x in y]", "{1: 2}", "f'{x}'", "'x'", "b'x'", "x := 1", "x = 1",
    "x; y", "import os", "print(x)", "globals()", "getattr(x, 'y')", "x and y", "not x", "x is y", "x in y", "x // y",
    "x % y", "x & y", "x | y", "~x", "x << 1", "*x", "**x", "@x", "...", "None", "True", "yield x", "await x", "del x",
    "_", "__x__", "1_000", "0x10", "1e999", "1j", "9" * 400, "x" * 500, "(" * 300, "-" * 1500 + "x",
]
SIGNS = [
    "\x00", "\x1b[31mred", "\x1b]0;title\x07", "\x07", "\x08\x08\x08", "\x7f", "\x9b31m", "\r\n", "\n", "\t", "a\nb",
    " ", "", "\u200b", "\u200e", "\u202eevil", "\u2066x\u2069", "\u2028", "\u2029", "\ufeff", "\ud800", "\udfff",
    "\ufffe", "\ue000", "\u0301", "e\u0301", "Z̸̢a̷l̶g̵o", "é", "٣", "９", "ｅｘｐ(x)", "𝔁", "👩‍👧", "蘋果" * 50, "計算圖",
    "ﷺ", "\U000e0041", "\u00a0", "ſ", "K",
]
PLACES = ["../../etc/passwd", "C:\\x", "file:///etc/passwd", "'; DROP TABLE x", "$(ls)", "| ls", "-o x", "--", "'", "∂"]
HOSTILE = [*MARKUP, *TEMPLATES, *LATEX, *DOT, *CODE, *SIGNS, *PLACES]
