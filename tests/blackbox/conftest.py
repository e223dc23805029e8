"""Fixtures of the black-box tests; what they are made of is in harness.py."""
import shutil
import tempfile
from pathlib import Path

import pytest

from cluster import NODES, ROLES, Cluster, free_port
from harness import CA, DAEMON, DOMAIN, NAME, PROGRAM, Node, copy_tree


@pytest.fixture(scope="session", autouse=True)
def programs():
    assert DAEMON.exists() and PROGRAM.exists(), f"{DAEMON} and {PROGRAM} are not built (UCPKI_BUILD names the build folder)"


def short_folder():
    """Paths of sockets are limited to 107 bytes, which pytest's own folders can exceed."""
    return Path(tempfile.mkdtemp(prefix="ucpki-"))


class Makers:
    """Makes nodes and ends them all: node = new_node("--roles", "reporting") is a fresh installation, new_node.copy() one of the template that all tests share."""

    def __init__(self, template):
        self.template = template
        self.nodes, self.folders = [], []

    def folder(self):
        self.folders.append(short_folder())
        return self.folders[-1]

    def add(self, node):
        self.nodes.append(node)
        return node

    def __call__(self, *arguments, start=True):
        """A node that is not installed yet."""
        node = self.add(Node(self.folder(), arguments=arguments))
        return node.start() if start else node

    def copy(self, *arguments, start=True):
        """An installed node (publisher and tftp, cucm-pub.example.com), without the time that making its keys takes."""
        folder = self.folder()
        copy_tree(self.template.data, folder / "data")
        node = self.add(Node(folder, password=self.template.password, arguments=arguments))
        return node.start() if start else node

    def end(self):
        try:
            problems = []
            for node in self.nodes:
                try:
                    node.end()
                except AssertionError as e:
                    problems.append(str(e))
            assert not problems, "\n".join(problems)
        finally:
            for folder in self.folders:
                shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template():
    """An installed node that is stopped: its data directory is copied, never used."""
    folder = short_folder()
    node = Node(folder, arguments=("--node-name", NAME, "--domain", DOMAIN))
    try:
        node.start().stop()
        node.first_out = node.out
        yield node
    finally:
        node.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_node(template):
    makers = Makers(template)
    yield makers
    makers.end()


@pytest.fixture
def node(new_node):
    """An installed node of this test's own, running."""
    return new_node.copy()


@pytest.fixture(scope="module")
def shared_node(template):
    """An installed node for the tests of a module that change nothing."""
    makers = Makers(template)
    yield makers.copy()
    makers.end()


class Clusters:
    """Makes clusters, one at a time, and ends them: clusters.copy() is one of the template, clusters.new() has no server and no node yet."""

    def __init__(self, ports, template=None):
        self.ports, self.template = ports, template
        self.made, self.folders = [], []

    def folder(self):
        self.folders.append(short_folder())
        return self.folders[-1]

    def new(self):
        self.made.append(Cluster(self.folder, self.ports))
        return self.made[-1]

    def copy(self):
        return self.new().copy_of(self.template)

    def end(self):
        try:
            problems = [problem for cluster in self.made for problem in cluster.end()]
            assert not problems, "\n".join(problems)
        finally:
            for folder in self.folders:
                shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ports():
    """Where the database servers of the clusters listen. They stand in the nodes' sealed connection strings, so that there is one cluster at a time."""
    return free_port(), free_port()


@pytest.fixture(scope="session")
def cluster_template(template, ports):
    """A publisher, three voice nodes and two presence nodes that have joined it, all stopped: their data directories are copied, never used."""
    clusters = Clusters(ports)
    try:
        cluster = clusters.new()
        cluster.password = template.password
        cluster.found(template.data)
        for name in NODES[1:]:
            cluster.add(name, ROLES[name])
        cluster.settle()
        cluster.down()
        cluster.pg.stop()
        yield cluster
    finally:
        clusters.end()


@pytest.fixture
def clusters(cluster_template, ports):
    makers = Clusters(ports, cluster_template)
    yield makers
    makers.end()


@pytest.fixture
def cluster(clusters):
    """The cluster of the template, of this test's own, with its database running and its nodes not: cluster.up("cucm-pub", "cucm-sub1") starts some, cluster.up() all."""
    cluster = clusters.copy()
    cluster.pg.start()
    return cluster


@pytest.fixture(scope="module")
def shared_cluster(cluster_template, ports):
    """All nodes running, for the tests of a module that leave them as they were. Not beside the fixture cluster: there is one cluster at a time."""
    makers = Clusters(ports, cluster_template)
    cluster = makers.copy()
    cluster.up()
    cluster.settle()
    yield cluster
    makers.end()


@pytest.fixture(scope="session")
def ca_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("ca")


@pytest.fixture(scope="session")
def root_ca(ca_folder):
    """An RSA root that signs nothing but intermediates."""
    return CA(ca_folder / "root", "Example Root CA", key="rsa")


@pytest.fixture(scope="session")
def sub_ca(ca_folder, root_ca):
    """Its intermediate, which signs the leaves."""
    return CA(ca_folder / "sub", "Example Issuing CA", issuer=root_ca, key="rsa", days=1825, extensions={"basicConstraints": "critical,CA:TRUE,pathlen:0"})


@pytest.fixture
def make_ca(tmp_path):
    """make_ca(subject, issuer=..., key=..., ...): an authority of this test's own."""
    made = []

    def make(subject, **more):
        made.append(subject)
        return CA(tmp_path / f"ca{len(made)}", subject, **more)

    return make
