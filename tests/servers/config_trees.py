"""Nasty configuration files, typed by hand: every way to write a line, and every way not to."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

OPTION_FILES: Final = {
    "main.cnf": rb"""
# a comment
[mysqld]
a1 = plain value
a2="quoted # hash" # c
a3='it''s'
a4 = "esc \" \t \s \\ \q \' end"
a5=un\squot\ted # comment
a6=x;y
a7= "mixed'
a8='a"b'
a9=
a10
A11-Mixed_x=1
loose-a12=1
a13 = a=b
a14=x\
a15="a" "b"
a16="
a17='#'x#y
a18 = don't # x
a19 = "a\"#b" # c
a21=a\"b # c "d
a22="a\\"
  # c
; c
twice=1
[ mysqld ]
b1=1
[mysqld ] trailing
b2=2
[client]
b3=3
[mysqld]x=1
b4=4
[server]
b5=5
[mysqld-9.7]
b6=6
[mysqld-10.11]
b7=7
[mariadb]
b8=8
[MYSQLD]
b9=9
twice=2
! include FOLDER/other.cnf
!include FOLDER/missing.cnf
!include FOLDER/conf.d
!INCLUDE FOLDER/other.cnf
!nothing
after-include=1
!includedir FOLDER/conf.d
crlf=cr"""
    b'\r\ncrlf2="q"\r\nfeed=a\x0cb\n\ttab\t=\ttab\t \nlatin=\xe9\nlast=1',
    "other.cnf": b"# no group of another file counts here\n[client]\nc1=1\n[mysqld]\nc2=2\nc3=1\n",
    "conf.d/b.cnf": b"[mysqld]\nc3=b\norder=b\n",
    "conf.d/B.cnf": b"[mysqld]\norder=B\n",
    "conf.d/_.cnf": b"[mysqld]\norder=_\n",
    "conf.d/.hidden.cnf": b"[mysqld]\nhidden=1\norder=h\n",
    "conf.d/.cnf": b"[mysqld]\nonly-suffix=1\n",
    "conf.d/x.y.cnf": b"[mysqld]\nx-y=1\n",
    "conf.d/\u00e9.cnf": b"[mysqld]\norder=e\n",
    "conf.d/zz.cnf.before-20261123T0200": b"[mysqld]\nbefore=1\n",
    "conf.d/zz.CNF": b"[mysqld]\nupper=1\n",
    "conf.d/zz.cnf~": b"[mysqld]\ntilde=1\n",
    "conf.d/zzcnf": b"[mysqld]\nno-dot=1\n",
    "conf.d/folder.cnf/x.cnf": b"[mysqld]\nfolder=1\n",
    "conf.d/writable.cnf": b"[mysqld]\nwritable=1\n",
    "circle.cnf": b"[mysqld]\nbefore=1\n!include FOLDER/circle.cnf\nafter=1\n",
}

POSTGRESQL_FILES: Final = {
    "a.conf": rb"""
# a comment
my.a1 = plain
My.A2='quoted # hash' # c
my.a3 'it''s'
my.a4 = 'esc \' \t \b\f\n \\ \q \101\7\1234 end'
my.a5'no space'
my.a6= 1.5e3#c
my.a7 = -12kB
my.a8 = 0x1Fms
my.a9 = 0xg
my.a10 = a-b.c:d/e
my.a19 = .5
my.a22 = ''
my.a23 = ''''
my.a25 = on # '
my.a27 = 5.
my.a28 = +7min
work_mem = 4MB
WORK_mem = 5MB
include 'sub/rel'
INCLUDE_if_exists = 'missing.conf'
include_dir 'sub'
work_mem = 6MB
max_wal_size = 2GB
my.a29 = cr"""
    b"\r\n\tmy.a24\t=\ttab\t\n"
    b"my.a30 = 'feed\x0c\x0b'\nmy.\xc3\xa9 = \xc3\xa9\xc3\xa8\nmy.a32 = last",
    "sub/rel": b"min_wal_size = 90MB\ninclude 'deeper.conf_'\n",
    "sub/deeper.conf_": b"min_wal_size = 91MB\n",
    "sub/b.conf": b"order.x = b\n",
    "sub/B.conf": b"order.x = B\n",
    "sub/_.conf": b"order.x = _\n",
    "sub/.hidden.conf": b"order.x = hidden\n",
    "sub/.conf": b"order.x = suffix\n",
    "sub/x.y.conf": b"order.y = y\n",
    "sub/zz.conf.before-20261123T0200": b"order.x = before\n",
    "sub/zz.CONF": b"order.x = upper\n",
    "sub/folder.conf/x.conf": b"order.x = folder\n",
    "zz.conf": b"max_wal_size = 3GB\n",
}

POSTGRESQL_REFUSES: Final = (
    b"my.a = a.b",
    b"my.a = two words",
    b"my.a =",
    b"my.a",
    b"my.a = 'open",
    b'my.a = "double"',
    b"my.a = == x",
    b"my.a = 1a2",
    b"my.a = on;",
    b"my.a = /not/bare",
    b"my.a = 'it' 's'",
    b"my.a = 'it''s",
    b"my.a = 'a\\'",
    b"my.a \x0c= x",
    b"my.a = 5..",
    b"my.a = 1e5.",
    b"my.b.c = x",
    b"1my.a = x",
    b"my.-a = x",
    b"= x",
    b"'quoted.name' = x",
    b"include",
)
"""Lines that are syntax errors to the server."""


def write_tree(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.replace(b"FOLDER", os.fsencode(folder)))
        path.chmod(0o646 if path.name == "writable.cnf" else 0o644)
