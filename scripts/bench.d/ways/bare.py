"""The bare copy (bench.d/barecopy), the ceiling of reading and writing taps as vgwd does."""

from files import EXAMPLES

from ways.wire import Wire


class Bare(Wire):
    """Two taps and a program that moves packets between them."""

    def join(self, left, right):
        places = [f"{namespace.name}:{name}" for namespace, name in (left, right)]
        self.daemon(EXAMPLES / "barecopy", *places)
        self.wait_for(lambda: "ready" in self.log_text(), "sign of the bare copy")
