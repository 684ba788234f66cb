"""Programs that try to get out: cases 45 to 55 of the security anchors, and ideas of our own. Data for the tests.

`SECRET_FILE`, `TARGET`, `PORT` and the like stand for things on the machine; `Host.aim` puts them in.
"""
# ruff: noqa: E501 - a program is easier to read on one line than in pieces

SYSCALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(number, *arguments)
    print(number, result, ctypes.get_errno() if result == -1 else '')
    return result
"""

PROCESSES = {
    "system": "import os\nprint(os.system('touch ' + TARGET))",
    "popen": "import os\nprint(os.popen('env; cat ' + SECRET_FILE).read())",
    "subprocess": "import subprocess\nprint(subprocess.run(['/bin/cat', SECRET_FILE], capture_output=True))",
    "spawn": "import os\nos.posix_spawn('/bin/sh', ['sh', '-c', 'touch ' + TARGET], {})",
    "forks": "import os\nfor i in range(150):\n    if os.fork() == 0:\n        os.setsid()\n        while True: pass",
    "vfork by libc": SYSCALL + "libc.vfork.restype = ctypes.c_int\nprint(libc.fork())\nwhile True: pass",
    "clone": SYSCALL
    + "for n in (56, 57, 58, 220, 435):\n    if call(n, 17, 0, 0, 0, 0) == 0:\n        while True: pass",
    "multiprocessing": "import multiprocessing\np = multiprocessing.Process(target=print)\np.start()\np.join()",
    "exec": "import os\nos.execv('/py/bin/python3', ['python3', '-c', 'print(1)'])",
    "memfd and exec": "import os\nf = os.memfd_create('x')\nos.write(f, b'#!/bin/sh\\n')\nos.execve(f, ['x'], {})",
    "threads": "import threading\nfor i in range(5000):\n    threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()",
    "async subprocess": "import asyncio\nasync def f():\n    p = await asyncio.create_subprocess_shell('id')\n    await p.wait()\n"
    "asyncio.run(f())",
    "pools": "import concurrent.futures as c\nfor kind in (c.ThreadPoolExecutor, c.ProcessPoolExecutor):\n    try: print(list(kind(2).map(abs, [1])))\n    except Exception as e: print(e)",
    "kinds of multiprocessing": "import multiprocessing as m\nfor kind in ('fork', 'spawn', 'forkserver'):\n    try: m.get_context(kind).Process(target=open, args=(TARGET, 'w')).start()\n    except Exception as e: print(e)",
    "installer": "import site\nsite.main()\nimport ensurepip\nensurepip.bootstrap()",
    "browser": "import webbrowser\nprint(webbrowser.open('http://127.0.0.1:PORT/'))\nimport antigravity",
    "pty": "import pty\npty.spawn('/bin/sh')",
}

FILES = {
    "secret": "print(open(SECRET_FILE).read())",
    "passwd": "print(open('/etc/passwd').read())",
    "secret by pathlib": "from pathlib import Path\nprint(Path(SECRET_FILE).read_text())",
    "environment": "import os\nprint(os.environ)\nprint(os.getenv('LOUPE_TEST_API_KEY'))",
    "environment by libc": "import ctypes\ng = ctypes.CDLL(None).getenv\ng.restype = ctypes.c_char_p\n"
    "print(g(b'LOUPE_TEST_API_KEY'))",
    "stack of the process": "import ctypes\ne = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), 'environ')\n"
    "i = 0\nwhile e[i]:\n    print(e[i])\n    i += 1",
    "proc": "for p in (1, 2, HOST_PID, 'self', 'thread-self'):\n    try:\n        print(open(f'/proc/{p}/environ').read())\n"
    "    except OSError as e:\n        print(e)\nimport os\nprint(os.listdir('/proc'))",
    "proc by mount": SYSCALL + "import os\nos.mkdir('/tmp/p')\ncall(165, b'proc', b'/tmp/p', b'proc', 0, 0)\n"
    "print(open('/tmp/p/1/environ').read())",
    "descriptors": "import os\nfor i in range(3, 300):\n    try:\n        print(i, os.fstat(i), os.read(i, 1000))\n    except OSError:\n        pass",
    "walk": "import os\nfor r, d, f in os.walk('/'):\n    for n in f:\n        if n in ('secret.txt', '.env', 'secrets.toml', 'loupe.db', 'pyproject.toml'):\n"
    "            print(open(os.path.join(r, n)).read())",
    "app source": "import sys\nsys.path.append('/')\nimport core.settings\nprint(core.settings.get_settings())",
    "write": "open(TARGET, 'w').write('x')",
    "write by os": "import os\nos.write(os.open(TARGET, os.O_CREAT | os.O_WRONLY), b'x')",
    "climb": "import os\nopen('../' * 20 + TARGET, 'w').write('x')",
    "symlink": "import os\nos.symlink(TARGET, '/tmp/link')\nopen('/tmp/link', 'w').write('x')",
    "symlink to a folder": "import os\nos.symlink(FOLDER, '/tmp/d')\nopen('/tmp/d/target.txt', 'w').write('x')\nprint(open('/tmp/d/secret.txt').read())",
    "hard link": "import os\nos.link(SECRET_FILE, '/tmp/s')\nprint(open('/tmp/s').read())",
    "chroot": "import os\nos.mkdir('/tmp/r')\nos.chroot('/tmp/r')\nfor i in range(50): os.chdir('..')\nos.chroot('.')\nprint(open(SECRET_FILE).read())",
    "remount": SYSCALL + "call(165, 0, b'/', 0, 32 | 4096, 0)\nopen('/made', 'w').write('x')",
    "pivot": SYSCALL
    + "call(155, b'/tmp', b'/tmp')\ncall(428, -100, b'/', 1)\ncall(429, 1, b'', -100, b'/tmp', 4)\ncall(430, b'proc', 0)",
    "handles": SYSCALL + "import ctypes\nb = ctypes.create_string_buffer(b'\\x80\\0\\0\\0' + bytes(200))\n"
    "call(303, -100, b'/', b, b, 0)\ncall(304, 3, b, 0)",
    "library of the system": "import os\nfor n in ('os.py', 'json/__init__.py'):\n    try: open('/py/lib/python3.11/' + n, 'a')\n    except OSError as e: print(e)\n"
    "import numpy\nopen(numpy.__file__, 'a')",
    "own guest": "open('/guest/python.py', 'a').write('x')",
    "databases": "import sqlite3\nc = sqlite3.connect('/tmp/x.db')\nfor q in (f'attach {TARGET!r} as a', f'attach {SECRET_FILE!r} as b', f'vacuum into {TARGET!r}', \"select load_extension('/x')\"):\n"
    "    try: print(c.execute(q).fetchall())\n    except sqlite3.Error as e: print(e)\n"
    "import dbm, mailbox\nfor f in (lambda: dbm.open(TARGET, 'c'), lambda: mailbox.Maildir(TARGET)):\n    try: f()\n    except OSError as e: print(e)",
    "archive": "import io, tarfile\nb = io.BytesIO()\nt = tarfile.open(fileobj=b, mode='w')\ni = tarfile.TarInfo(TARGET)\ni.size = 1\nt.addfile(i, io.BytesIO(b'x'))\nt.close()\nb.seek(0)\n"
    "tarfile.open(fileobj=b).extractall('/')",
    "names of other things": "import locale, os, time, zoneinfo\nos.environ['TZ'] = ':' + SECRET_FILE\ntime.tzset()\nprint(time.tzname)\nfor f in (lambda: locale.setlocale(0, '../..' + SECRET_FILE), lambda: zoneinfo.ZoneInfo('../../..' + SECRET_FILE)):\n"
    "    try: print(f())\n    except Exception as e: print(e)",
    "up from a folder": "import os\nf = os.open('/tmp', os.O_PATH)\nfor _ in range(20): f = os.open('..', os.O_PATH, dir_fd=f)\nprint(os.read(os.open(SECRET_FILE.lstrip('/'), 0, dir_fd=f), 99))",
    "names of the scratch folder": "import os\nfor a, b in (('/tmp', '/other'), ('/packages', '/tmp/p'), ('/guest/python.py', '/tmp/g')):\n    try: os.rename(a, b)\n    except OSError as e: print(e)\nfor n in os.listdir('/'):\n    try: os.rmdir('/' + n)\n    except OSError as e: print(e)",
    "dev": "import os\nopen('/dev/shm/x', 'w').write('x')",
    "devices": "import os\nos.mknod('/tmp/sda', 0o60600, os.makedev(8, 0))\nprint(open('/tmp/sda', 'rb').read(100))",
}

NETWORK = {
    "tcp": "import socket\nsocket.create_connection(('127.0.0.1', PORT), 1).send(b'x')",
    "ipv6": "import socket\nsocket.create_connection(('::1', PORT), 1).send(b'x')",
    "udp": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
    "unix": "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect(LISTENER_PATH)",
    "abstract": "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0loupe-PORT')",
    "pair to an address": "import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\na.sendto(b'x', LISTENER_PATH)\na.connect(LISTENER_PATH)",
    "raw": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "packet": "import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "netlink": "import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "vsock": "import socket\ns = socket.socket(socket.AF_VSOCK)\ns.connect((2, PORT))",
    "dns": "import socket\nprint(socket.getaddrinfo('example.com', 80))",
    "http": "import urllib.request\nprint(urllib.request.urlopen('http://127.0.0.1:PORT/').read())",
    "asyncio": "import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', PORT))",
    "clients": "import ftplib, http.client, imaplib, smtplib, urllib.request\nfor f in (lambda: smtplib.SMTP('127.0.0.1', PORT), lambda: http.client.HTTPConnection('127.0.0.1', PORT).connect(), lambda: imaplib.IMAP4('127.0.0.1', PORT),\n"
    "          lambda: urllib.request.urlopen('file://' + SECRET_FILE).read(), lambda: urllib.request.urlopen('ftp://127.0.0.1:PORT/')):\n    try: print(f())\n    except OSError as e: print(e)",
    "server": "import socketserver\nsocketserver.TCPServer(('127.0.0.1', 0), None)",
    "handed descriptors": "import array, socket\na, b = socket.socketpair()\na.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0, 1]))])",
    "every family": SYSCALL + "for family in range(46):\n    call(41, family, 1, 0)\n    call(198, family, 1, 0)",
}

KERNEL = {
    "kill the parent": "import os\nfor p in (os.getppid(), 1, HOST_PID, -1, 0):\n    try: os.kill(p, 9)\n    except OSError as e: print(p, e)\nprint('on')",
    "signals by descriptors": "import os, fcntl\nr, w = os.pipe()\nfor c, a in ((8, os.getppid()), (10, 9), (15, 0), (4, 0o20000)):\n"
    "    try: print(fcntl.fcntl(r, c, a))\n    except OSError as e: print(e)\nos.write(w, b'x')",
    "ptrace": SYSCALL + "import os\ncall(101, 16, os.getppid(), 0, 0)\ncall(117, 16, os.getppid(), 0, 0)",
    "memory of others": SYSCALL
    + "import os\nb = ctypes.create_string_buffer(64)\ncall(310, os.getppid(), b, 1, b, 1, 0)\ncall(311, 1, b, 1, b, 1, 0)",
    "descriptors of others": SYSCALL
    + "import os\nf = call(434, os.getppid(), 0)\ncall(438, f, 0, 0)\ncall(424, f, 9, 0, 0)",
    "limits of others": "import os, resource\nfor p in (os.getppid(), 1):\n    try: print(resource.prlimit(p, resource.RLIMIT_NOFILE, (0, 0)))\n    except OSError as e: print(e)",
    "own limits": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nx = bytearray(2 << 30)",
    "scheduling": "import os\nos.sched_setaffinity(os.getppid(), {0})\nos.setpriority(os.PRIO_PROCESS, 0, -20)",
    "namespaces": SYSCALL + "call(272, 0x10000000)\ncall(272, 0x20000)\ncall(308, 0, 0)",
    "io_uring": SYSCALL + "b = ctypes.create_string_buffer(256)\ncall(425, 8, b)\ncall(426, 3, 1, 1, 0, 0)",
    "bpf, perf, userfaultfd": SYSCALL
    + "b = ctypes.create_string_buffer(256)\ncall(321, 0, b, 128)\ncall(298, b, 0, -1, -1, 0)\ncall(323, 0)",
    "splice": SYSCALL
    + "import os\nr, w = os.pipe()\nf = os.open('/guest/python.py', 0)\ncall(275, f, 0, w, 0, 9, 0)\ncall(278, w, 0, 0, 0)\ncall(276, r, w, 9, 0)\ncall(40, w, f, 0, 9)\ncall(326, f, 0, w, 0, 9, 0)",
    "mounts by descriptor": SYSCALL
    + "f = call(430, b'proc', 0)\ncall(431, f, 6, 0, 0, 0)\nm = call(432, f, 0, 0)\ncall(428, -100, b'/', 1)\ncall(429, m, b'', -100, b'/tmp', 4)\ncall(442, -100, b'/', 0, b'x' * 32, 32)\ncall(467, -100, b'/', 0, 0, 0)",
    "memory and exec": SYSCALL
    + "f = call(319, b'x', 1)\ncall(447, 0)\ncall(322, -1, b'/py/bin/python3', 0, 0, 0x1000)\ncall(59, b'/py/bin/python3', 0, 0)",
    "filters and listeners": SYSCALL
    + "b = ctypes.create_string_buffer(64)\ncall(317, 1, 8, b)\ncall(317, 2, 0, b)\ncall(317, 3, 0, b)\ncall(444, b, 16, 0)\ncall(446, 3, 0)",
    "kinds of prctl": SYSCALL
    + "for option in (1, 2, 4, 8, 22, 24, 29, 36, 38, 47, 53, 59, 62, 65, 0x59616D61): call(157, option, 1, 0, 0, 0)",
    "numbers too high": SYSCALL
    + "for n in (-1, 1 << 31, 0x3fffffff, 0x40000000, 0x40000206, 2 ** 63 - 1): call(n, 0, 0, 0, 0, 0)",
    "old entrances": "import ctypes\nfor a in (0xffffffffff600000, 0xffffffffff600400): print(ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)(a)(None))",
    "own signals": "import os, signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nfor s in (20, 21, 22, 15, 17, 23, 29): os.kill(os.getpid(), s)\nans = 1",
    "keyring": SYSCALL + "call(248, b'user', b'x', b'secret', 6, -3)\ncall(250, 0, -3)\ncall(249, b'user', b'x', 0, 0)",
    "capabilities": SYSCALL
    + "b = ctypes.create_string_buffer(64)\ncall(126, b, b)\ncall(105, 0)\ncall(106, 0)\ncall(157, 47, 2, 21, 0, 0)",
    "undo the filter": SYSCALL
    + "call(157, 22, 0, 0, 0, 0)\ncall(157, 38, 0, 0, 0, 0)\ncall(157, 1, 0, 0, 0, 0)\ncall(317, 1, 0, 0)",
    "clock and name": SYSCALL
    + "call(227, 0, 0)\ncall(170, b'owned', 5)\ncall(169, 0xfee1dead, 672274793, 0x1234567, 0)",
    "terminal": "import fcntl\nfor c in (0x5412, 0x541C, 0x540E):\n    for f in (0, 1, 2):\n        try: print(fcntl.ioctl(f, c, b'x'))\n        except OSError as e: print(e)",
    "shared memory": SYSCALL
    + "i = call(29, 77, 1 << 20, 0o1666)\ncall(30, i, 0, 0)\ncall(240, b'/q', 0o102, 0o666, 0)\ncall(64, 77, 1, 0o1666)",
    "32-bit calls": "import ctypes, mmap\n"
    "m = mmap.mmap(-1, 4096, prot=7)\nm.write(bytes.fromhex('b8140000 00cd80c3'.replace(' ', '')))\n"
    "a = ctypes.addressof(ctypes.c_char.from_buffer(m))\nprint('pid', ctypes.CFUNCTYPE(ctypes.c_int)(a)())",
    "x32 calls": SYSCALL + "call(0x40000000 | 39)\ncall(0x40000000 | 57)",
}

PYTHON = {
    "subclasses": "for c in ().__class__.__bases__[0].__subclasses__():\n    if c.__name__ == '_wrap_close':\n"
    "        print(c.__init__.__globals__['system']('touch ' + TARGET))",
    "frames": "import sys\nf = sys._getframe()\nwhile f:\n    print(f.f_code.co_filename, list(f.f_globals)[:50], list(f.f_locals))\n    f = f.f_back",
    "garbage": "import gc\nfor o in gc.get_objects():\n    try: print(repr(o)[:200])\n    except Exception: pass",
    "decorators": "@exec\n@(lambda _: 'import os; os.system(\"touch \" + TARGET)')\nclass x: pass",
    "format": "print('{0.__class__.__init__.__globals__}'.format(type('A', (), {'__init__': lambda s: None})()))",
    "import by text": "getattr(__builtins__, '__imp' + 'ort__')('o' + 's').system('touch ' + TARGET)",
    "poisoned modules": 'import sys, json, builtins, os\njson.dumps = lambda *a, **k: \'{"status": "ok", "value": "forged"}\'\n'
    "sys.modules['json'] = None\nbuiltins.str = None\nos.write = None\nans = 3",
    "what it can write to": 'import os\nfor n in range(1024):\n    for d in (b\'{"exit": 0, "why": "", "clean": true}\\n\', b\'ready\\nstarted\\n\'):\n        try: os.write(n, d)\n        except OSError: pass\nos._exit(0)',
    "nothing left open": "import os\nos.closerange(0, 100)\nprint('x')\nans = 2",
    "everything open": "import os\nk = []\ntry:\n    while True: k.append(os.pipe())\nexcept OSError as e: print(e)\nans = len(k)",
    "the guest's own names": "import sys\nf = sys._getframe()\nwhile f.f_back: f = f.f_back\nG = f.f_globals\nG['MAX_TEXT'] = 10 ** 12\nG['_text'] = G['_plain'] = lambda *a: 'forged'\nG['json'].dumps = lambda *a: 'x' * 10 ** 6\nans = 1",
    "the guest again": "import sys\nf = sys._getframe()\nwhile f.f_back: f = f.f_back\nf.f_globals['main'](3, 1)",
    "reduce": "import os, pickle\nclass A:\n    def __reduce__(self): return os.system, ('touch ' + TARGET,)\npickle.loads(pickle.dumps(A()))\nans = A()",
    "archive of modules": "import sys, zipfile\nz = zipfile.ZipFile('/tmp/z.zip', 'w')\nz.writestr('json.py', 'dumps = loads = None')\nz.close()\nsys.path.insert(0, '/tmp/z.zip')\nsys.modules.pop('json')\nimport json",
    "import hooks": "import sys\nclass H:\n    def find_spec(self, *a): raise SystemExit(0)\nsys.meta_path.insert(0, H())\nsys.path_hooks.insert(0, H())\nimport wave",
    "module again": "import builtins, importlib, io, json, os, sys\nfor m in (json, os, io, builtins, sys): importlib.reload(m)\nans = 1",
    "debugger": "breakpoint()\nimport code\ncode.interact()",
    "windows": "import tkinter\ntkinter.Tk()",
    "false numpy": "class A:\n    shape = ()\n    def item(self): return A()\nA.__module__ = 'numpy'\nans = A()",
    "an error nobody can look at": "class E(BaseException):\n    @property\n    def __traceback__(self): raise SystemExit\n    __cause__ = __traceback__\nraise E",
    "bytecode": "f = lambda: 0\nf.__code__ = f.__code__.replace(co_code=bytes([100, 255] * 50), co_stacksize=1)\nf()",
    "segfault": "import ctypes\nctypes.string_at(0)",
    "exit at once": "import os\nos._exit(7)",
    "trace": "import sys\nsys.settrace(lambda *a: 1 / 0)\nsys.setprofile(lambda *a: 1 / 0)\nx = [i for i in range(3)]",
    "no stdout": "import sys\nsys.stdout = None\nsys.stderr = None\nans = 4",
    "closed stdout": "import os, sys\nos.close(1)\nos.close(2)\nsys.stdout.close()\nans = 5",
    "hooks": "import atexit, sys\natexit.register(lambda: open(TARGET, 'w'))\nclass B:\n    def __del__(self):\n        open(TARGET, 'w')\n        while True: pass\nb = B()\n"
    "sys.excepthook = lambda *a: open(TARGET, 'w')\nans = 6",
    "bomb in a value": "class B:\n    def __str__(self): raise SystemExit(9)\n    __repr__ = __str__\nans = B()",
    "bomb in an error": "class E(Exception):\n    def __str__(self): raise KeyboardInterrupt\nraise E",
    "text of itself": "x = []\nfor _ in range(100000): x = [x]\nans = x",
    "input": "print(input())",
    "stdin": "import sys\nprint(sys.stdin.read())\nans = 7",
    "exit": "exit()",
    "exit with a word": "import sys\nsys.exit('bye')",
    "numbers": "ans = 10 ** 20000",
    "nan": "ans = float('nan')",
    "complex": "ans = 1 + 2j",
    "time zone": "from datetime import datetime, timezone\nans = datetime(2020, 1, 1, tzinfo=timezone.utc)",
    "half a character": "ans = '\\ud800'\nprint(ans)",
    "zero bytes": "print('a\\0b\\x1b[31m<script>')",
    "not utf-8": "import os\nos.write(1, b'\\xff\\xfe\\n')\nans = 8",
}

ENDLESS = {
    "loop": "while True: pass",
    "deaf loop": "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass",
    "big power": "x = 3 ** (10 ** 9)",
    "regular expression": "import re\nre.match(r'^(([a-z])+.)+[A-Z]([a-z])+$', 'a' * 60)\nre.match(r'(a|a|aa)+$', 'a' * 60 + 'b')\nwhile True: pass",
    "sleep": "import time\ntime.sleep(10 ** 6)",
    "stopped": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass",
    "catches everything": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "endless text": "class A:\n    def __str__(self):\n        while True: pass\n    __repr__ = __str__\nans = A()\nprint(ans)",
}

GREEDY = {
    "bytes": "x = bytearray(10 * 2 ** 30)",
    "growing list": "x = []\nwhile True: x.append('a' * 10 ** 6)",
    "long text": "x = 'x' * 2 ** 31",
    "many objects": "x = [[i] for i in range(10 ** 9)]",
    "zip bomb": "import zlib\nx = zlib.compress(bytes(10 ** 7))\ny = b''.join(zlib.decompress(x) for _ in range(10 ** 4))",
    "shared memory": "import mmap\nx = [mmap.mmap(-1, 2 ** 28) for _ in range(40)]",
    "deep recursion": "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): return f() + 1\nf()",
    "brackets": "eval('(' * 10 ** 5)",
    "big error": "raise ValueError('x' * (150 << 20))",
    "big answer": "ans = 'x' * (100 << 20)",
    "big class": "class A:\n    def __str__(self): return 'x' * (100 << 20)\nans = A()",
    "full disk": "for i in range(300):\n    open(f'/tmp/{i}', 'wb').write(bytes(10 ** 6))",
    "one big file": "f = open('/tmp/x', 'wb')\nwhile True: f.write(bytes(10 ** 6))",
    "many files": "import os\nfor i in range(10 ** 6): os.mkdir(f'/tmp/{i}')",
    "deep folders": "import os\nfor i in range(10 ** 6):\n    os.mkdir('a')\n    os.chdir('a')",
    "output": "while True: print('x' * 10 ** 6)",
    "output in one": "print('x' * (200 * 10 ** 6))",
    "output without end of line": "import os\nwhile True: os.write(1, b'x' * 65536)",
    "error output": "import os\nwhile True: os.write(2, b'x' * 65536)",
    "answer pipe": "import os\nwhile True: os.write(3, b'x' * 65536)",
}
