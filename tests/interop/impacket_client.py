#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python3-impacket's library: list, write, read, rename and delete in the dialects it speaks."""
import io

from peer import HOST, PASSWORD, PORT, SHARE, USER, check, finish, payload

try:
    from impacket.smb3structs import (SMB2_DIALECT_002, SMB2_DIALECT_21, SMB2_DIALECT_30,
                                      SMB2_DIALECT_311)
    from impacket.smbconnection import SessionError, SMBConnection
except ImportError as e:
    check("import impacket", False, str(e))
    finish()


def session(dialect):
    c = SMBConnection(HOST, HOST, sess_port=int(PORT), preferredDialect=dialect)
    if dialect == SMB2_DIALECT_311:
        # impacket 0.10 forgets this for NTLM (not for Kerberos) and derives the wrong keys:
        # the session's hash begins with the connection's ([MS-SMB2] 3.2.5.3).
        inner = c.getSMBServer()
        inner._Session["PreauthIntegrityHashValue"] = inner._Connection["PreauthIntegrityHashValue"]
    c.login(USER, PASSWORD)
    return c


def work(name, dialect):
    c = session(dialect)
    check(f"{name}: dialect", c.getDialect() == dialect, hex(c.getDialect()))
    data = payload(300000)
    c.createDirectory(SHARE, "imp")
    c.putFile(SHARE, "imp/file", io.BytesIO(data).read)
    got = io.BytesIO()
    c.getFile(SHARE, "imp/file", got.write)
    check(f"{name}: bytes equal", got.getvalue() == data)
    c.rename(SHARE, "imp/file", "imp/other")
    names = {e.get_longname() for e in c.listPath(SHARE, "imp/*")}
    check(f"{name}: listing", names == {".", "..", "other"}, str(names))
    size = [e.get_filesize() for e in c.listPath(SHARE, "imp/other")]
    check(f"{name}: size", size == [len(data)], str(size))
    c.deleteFile(SHARE, "imp/other")
    c.deleteDirectory(SHARE, "imp")
    try:
        c.listPath(SHARE, "imp/*")
        check(f"{name}: gone", False, "the folder is still there")
    except SessionError:
        check(f"{name}: gone", True)
    c.logoff()
    c.close()


def wrong_password():
    c = SMBConnection(HOST, HOST, sess_port=int(PORT))
    try:
        c.login(USER, PASSWORD + "x")
        check("a wrong password", False, "was accepted")
    except SessionError as e:
        check("a wrong password is STATUS_LOGON_FAILURE", "STATUS_LOGON_FAILURE" in str(e), str(e))
    c.close()


def unsigned(name, dialect):
    """A client that stops signing after its logon."""
    c = session(dialect)
    c.getSMBServer()._Session["SigningActivated"] = False
    try:
        c.listPath(SHARE, "*")
        check(f"{name}: an unsigned request", False, "was answered")
    except SessionError as e:
        check(f"{name}: an unsigned request is STATUS_ACCESS_DENIED",
              "STATUS_ACCESS_DENIED" in str(e), str(e))
    c.close()


def main():
    for name, dialect in (("2.0.2", SMB2_DIALECT_002), ("2.1", SMB2_DIALECT_21),
                          ("3.0", SMB2_DIALECT_30), ("3.1.1", SMB2_DIALECT_311)):
        try:
            work(name, dialect)
            if dialect != SMB2_DIALECT_30:  # where impacket seals everything by itself
                unsigned(name, dialect)
        except Exception as e:  # any failure of the client is a failure of the check
            check(name, False, f"{type(e).__name__}: {e}")
    wrong_password()
    finish()


if __name__ == "__main__":
    main()
