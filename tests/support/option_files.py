"""An option file with every oddity of the syntax; real servers read it in tests/servers, too."""

TORTURE = r"""stray=1
[mysqld]
a1=plain
 a2 = spaced value
a3="quoted # hash"
a4='single ; semi'
a5=bare ; semi
a6=bare # comment
a7=esc\tab\sspace\\back\qother
a8="quo\"te # x"
a9
b1=
b2="unclosed
b3=a'b#c'd
b4='it\'s # in'
b5=tail\
; comment
# comment
[ mysqld ]
c1=another group
[mysqld ] junk
c2=this group
!include /other file.cnf
!includedir   /some.d
loose-d-e=1
f=a=b
g=''
h="a" # after
"""

MEANT = [
    ("a1", "plain"),
    ("a2", "spaced value"),
    ("a3", "quoted # hash"),
    ("a4", "single ; semi"),
    ("a5", "bare ; semi"),
    ("a6", "bare"),
    ("a7", "esc\tab space\\back\\qother"),
    ("a8", 'quo"te # x'),
    ("a9", None),
    ("b1", ""),
    ("b2", '"unclosed'),
    ("b3", "a'b#c'd"),
    ("b4", "it's # in"),
    ("b5", "tail\\"),
    ("c2", "this group"),
    ("loose-d-e", "1"),
    ("f", "a=b"),
    ("g", ""),
    ("h", "a"),
]
"""The options of [mysqld], typed by hand."""
