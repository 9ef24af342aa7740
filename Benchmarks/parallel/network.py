"""Two network namespaces with a cable between them, whose rate can be limited: `with Network(bits) as network`. Needs root and iproute2."""

import os
import subprocess


class Network:
    address = "10.78.0.1"
    devices = ("first", "second")

    def __init__(self, bits_per_second=None):
        self.bits = bits_per_second
        self.names = [f"winnow-{os.getpid()}-{rank}" for rank in range(2)]

    def __enter__(self):
        try:
            for name in self.names:
                _ip("netns", "add", name)
            _ip("link", "add", self.devices[0], "netns", self.names[0], "type", "veth",
                "peer", "name", self.devices[1], "netns", self.names[1])
            for rank, (name, device) in enumerate(zip(self.names, self.devices)):
                _ip("-n", name, "address", "add", f"10.78.0.{rank + 1}/24", "dev", device)
                for link in (device, "lo"):
                    _ip("-n", name, "link", "set", link, "up")
                if self.bits:
                    subprocess.run(
                        [*self.prefix(rank), "tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", f"{self.bits:.0f}bit",
                         "burst", "256kb", "latency", "100ms"], check=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)

    def prefix(self, rank):
        """What makes a command run as this rank's machine."""
        return ["ip", "netns", "exec", self.names[rank]]

    def environment(self, rank):
        return {"GLOO_SOCKET_IFNAME": self.devices[rank]}


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)
