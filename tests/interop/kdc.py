# SPDX-License-Identifier: Apache-2.0
"""A Kerberos realm of the test's own: a KDC (MIT's) on a free port of loopback, all it has in one folder.

    with Kdc(folder, "FILES.TEST", users={"tester": "secret"}, services=["cifs/files.test"]) as kdc:
        kdc.keytab      keys of the services
        kdc.env         what clients and servers need in their environment

As a program: kdc.py FOLDER USER%PASSWORD COMMAND...   runs the command with one, where files.test is this
machine (in a mount namespace of its own: clients that get an address do not use Kerberos). Needs root for that.
"""
import os
import shutil
import socket
import subprocess
import sys
import time

TOOLS = ["/usr/sbin/krb5kdc", "/usr/sbin/kdb5_util", "/usr/sbin/kadmin.local"]
REALM = "FILES.TEST"
HOST = "files.test"
CONFIG = """[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  rdns = false
  dns_canonicalize_hostname = false
  udp_preference_limit = 1
  default_ccache_name = FILE:{folder}/ccache
[realms]
  {realm} = {{
    kdc = tcp/127.0.0.1:{port}
    kdc = 127.0.0.1:{port}
  }}
[domain_realm]
  .files.test = {realm}
  files.test = {realm}
"""
KDC_CONFIG = """[kdcdefaults]
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/acl
    max_life = 1h
    supported_enctypes = aes256-cts:normal aes128-cts:normal
  }}
[logging]
  kdc = FILE:{folder}/kdc.log
"""


def missing():
    """Why there can be no KDC; None when there can."""
    gone = [t for t in TOOLS if shutil.which(t) is None]
    return f"no {gone[0]}: run make check, which installs it" if gone else None


def host_missing():
    """Why this machine cannot be called HOST; None when it can, and there can be a KDC."""
    if missing():
        return missing()
    probed = subprocess.run(["unshare", "-m", "true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    return f"no mount namespaces here: {probed.stdout.strip()}" if probed.returncode != 0 else None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Kdc:
    def __init__(self, folder, realm=REALM, users=None, services=()):
        self.folder, self.realm = os.path.abspath(folder), realm
        self.users, self.services = users or {}, services
        self.keytab = os.path.join(self.folder, "keytab")
        self.env = {"KRB5_CONFIG": os.path.join(self.folder, "krb5.conf"),
                    "KRB5_KDC_PROFILE": os.path.join(self.folder, "kdc.conf"),
                    "KRB5CCNAME": f"FILE:{self.folder}/ccache",
                    "KRB5RCACHENAME": f"dfl:{self.folder}/rcache", "KRB5RCACHEDIR": self.folder}
        self.process = None

    def _write(self, name, text, port):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text.format(realm=self.realm, folder=self.folder, port=port))

    def tool(self, *command, **more):
        return subprocess.run(command, env={**os.environ, **self.env}, check=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more).stdout

    def admin(self, *words):
        return self.tool(TOOLS[2], "-r", self.realm, "-q", " ".join(words))

    def _start(self):
        """On a port that was free a moment ago; again on another when somebody was faster."""
        for _ in range(5):
            port = free_port()
            self._write("krb5.conf", CONFIG, port)
            self._write("kdc.conf", KDC_CONFIG, port)
            self.process = subprocess.Popen([TOOLS[0], "-n", "-r", self.realm], env={**os.environ, **self.env},
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.DEVNULL)
            while self.process.poll() is None:
                with socket.socket() as s:
                    if s.connect_ex(("127.0.0.1", port)) == 0:
                        return
                time.sleep(0.05)
        raise RuntimeError("the KDC does not start")

    def __enter__(self):
        for name, text in (("krb5.conf", CONFIG), ("kdc.conf", KDC_CONFIG)):
            self._write(name, text, 1)
        self.tool(TOOLS[1], "-r", self.realm, "-P", "master", "create", "-s")
        for name, password in self.users.items():
            self.admin("addprinc", "-pw", password, name)
        for name in self.services:
            self.admin("addprinc", "-randkey", name)
            self.admin("ktadd", "-k", self.keytab, name)
        self._start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def main(folder, user, *command):
    name, _, password = user.partition("%")
    hosts = os.path.join(folder, "hosts")
    with open(hosts, "w", encoding="utf-8") as f:
        f.write(f"127.0.0.1 localhost {HOST}\n")
    with Kdc(folder, users={name: password}, services=[f"cifs/{HOST}"]) as kdc:
        done = subprocess.run(["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts,
                               *command], env={**os.environ, **kdc.env}, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main(*sys.argv[1:])
