"""Apps behind the gate by other hands, each with its own idea of what a path is.

Every one serves the same pages and names in its answer the one that it served: `PAGE manager`, `PAGE elm-court`, …
"""

import shutil
from pathlib import Path

from tests.support.processes import Process, clean_environment, free_port, service_user

HERE = Path(__file__).parent
TOMCAT = "/usr/share/tomcat10"
PAGES = {"": "front", "public": "public", "manager": "manager", "properties/elm-court": "elm-court",
         "properties/oak-house": "oak-house"}


class BackEnd:
    """`pass_to` is what nginx writes to reach it."""

    def __init__(self, name, pass_to):
        self.name = name
        self.pass_to = pass_to


class BackEnds:
    """All of them, while the `with` lasts."""

    def __init__(self, directory):
        self._directory = Path(directory)
        self._processes = []
        self.all = []

    def __enter__(self):
        try:
            waiting = [*self._node(), *self._express(), *self._python(), *self._tomcat(), *self._php()]
            for process, port in waiting:
                process.wait_for_port(port, 60)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.stop()

    def _start(self, name, command, **more):
        process = Process(name, command, self._directory / f"{name}.log", **more)
        self._processes.append(process)
        return process

    def _add(self, name, port):
        self.all.append(BackEnd(name, f"proxy_pass http://127.0.0.1:{port};"))

    def _node(self):
        """Routers on the raw target, on the WHATWG reading of it, and on the legacy one, decoded and normalised."""
        ports = [free_port() for _ in range(3)]
        for name, port in zip(("node-raw", "node-url", "node-legacy"), ports, strict=True):
            self._add(name, port)
        process = self._start("node", ["/usr/bin/env", "node", HERE / "routers.js", *map(str, ports)])
        return [(process, port) for port in ports]

    def _express(self):
        """As Debian has it, with what a router does by default."""
        port = free_port()
        self._add("express", port)
        return [(self._start("express", ["/usr/bin/env", "node", HERE / "express_app.js", str(port)],
                             environment=clean_environment(NODE_PATH="/usr/share/nodejs")), port)]

    def _python(self):
        """WSGI: PATH_INFO as gunicorn makes it, and Flask's routes."""
        waiting = []
        for name in ("wsgi", "flask"):
            port = free_port()
            self._add(name, port)
            waiting.append((self._start(name, ["/usr/bin/gunicorn", "--workers", "1", "--threads", "4", "--bind", f"127.0.0.1:{port}",
                                               "--chdir", HERE, f"{name}_app:app"],
                                        environment=clean_environment(PYTHONDONTWRITEBYTECODE="1")), port))
        return waiting

    def _tomcat(self):
        """As Debian ships it, serving files."""
        port = free_port()
        base = self._directory / "tomcat"
        for folder in ("conf", "logs", "temp", "work"):
            (base / folder).mkdir(parents=True)
        for path, page in PAGES.items():
            folder = base / "webapps" / "ROOT" / path
            folder.mkdir(parents=True, exist_ok=True)
            for file in ("index.html", "x"):
                (folder / file).write_text(f"PAGE {page}")
        shutil.copy("/usr/share/tomcat10/skel/conf/web.xml", base / "conf" / "web.xml")
        (base / "conf" / "server.xml").write_text(f"""<Server port="-1"><Service name="Catalina">
<Connector port="{port}" address="127.0.0.1" protocol="HTTP/1.1"/>
<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine></Service></Server>""")
        self._add("tomcat", port)
        jars = f"{TOMCAT}/bin/bootstrap.jar:{TOMCAT}/bin/tomcat-juli.jar"
        return [(self._start("tomcat", ["/usr/bin/env", "java", "-XX:TieredStopAtLevel=1", "-Xmx128m", "-cp", jars,
                                        f"-Dcatalina.home={TOMCAT}", f"-Dcatalina.base={base}",
                                        "org.apache.catalina.startup.Bootstrap", "start"]), port)]

    def _php(self):
        """A front controller on REQUEST_URI, as the frameworks have it."""
        port = free_port()
        program = max(Path("/usr/sbin").glob("php-fpm[0-9]*"))
        user = service_user("www-data")
        accounts = "user = www-data\ngroup = www-data\n" if user is not None else ""
        configuration = self._directory / "php-fpm.conf"
        configuration.write_text(f"[global]\nerror_log = {self._directory}/php-fpm-errors.log\ndaemonize = no\n"
                                 f"[www]\n{accounts}listen = 127.0.0.1:{port}\npm = static\npm.max_children = 2\n")
        script = self._directory / "index.php"
        shutil.copy(HERE / "index.php", script)
        self.all.append(BackEnd("php-fpm", f"include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME {script}; "
                                           f"fastcgi_pass 127.0.0.1:{port};"))
        return [(self._start("php-fpm", [program, "--nodaemonize", "--fpm-config", configuration]), port)]


