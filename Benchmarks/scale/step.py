"""What one training step costs: operations, memory, traffic, and from a few measured rates its time.

A multiply-add is two operations. Counts follow Sources/Experiments/Benchmarking/StepCost.swift, which `winnow bench` prints; memory
and traffic follow what Winnow keeps and sends, and where Winnow lacks a way of sharing, what that way is known to need.
"""

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Shape:
    """A decoder of Llama's kind."""

    name: str
    layers: int
    width: int
    feed_forward: int
    heads: int
    key_value_heads: int
    vocabulary: int
    tied: bool = False
    head_size: int = 0

    def __post_init__(self):
        if self.head_size == 0:
            object.__setattr__(self, "head_size", self.width // self.heads)

    @property
    def projections(self):
        """Columns of queries, keys and values."""
        return (self.heads + 2 * self.key_value_heads) * self.head_size

    @property
    def layer_weights(self):
        """Of the linear layers of the decoder."""
        attention = self.width * self.projections + self.heads * self.head_size * self.width
        return self.layers * (attention + 3 * self.width * self.feed_forward)

    @property
    def head_weights(self):
        return self.vocabulary * self.width

    @property
    def parameters(self):
        return self.layer_weights + (1 if self.tied else 2) * self.head_weights + (2 * self.layers + 1) * self.width

    def adapter_weights(self, rank):
        """Of a LoRA adapter on all seven linear layers."""
        key_value = self.key_value_heads * self.head_size
        sides = 2 * (self.width + self.heads * self.head_size) + 2 * (self.width + key_value) + 3 * (self.width + self.feed_forward)
        return self.layers * rank * sides

    def attention_operations(self, length):
        """Both of attention's products for a token, over the half of the positions that it sees."""
        return 2 * self.layers * length * self.heads * self.head_size

    @property
    def saved_values(self):
        """What a layer keeps of a token for its backward pass: rows of the layer's width, the projections, and the feed-forward's."""
        return 5 * self.width + self.projections + 3 * self.feed_forward


SHAPES = {shape.name: shape for shape in [
    Shape("135M", 30, 576, 1536, 9, 3, 49152, tied=True),  # SmolLM2
    Shape("1B", 16, 2048, 8192, 32, 8, 128256, tied=True),  # Llama 3.2
    Shape("7B", 32, 4096, 11008, 32, 32, 32000),  # Llama 2
    Shape("70B", 80, 8192, 28672, 64, 8, 32000),  # Llama 2
]}


@dataclass(frozen=True)
class Work:
    """A step, whoever does it."""

    tokens: int  # over all ranks
    block_length: int
    method: str = "lora"  # or "full"
    rank: int = 16
    reference: str = "stored"  # "live", or "none"
    ratio: float = 0.6
    # Bytes of a frozen weight and of what passes between layers; of a trained weight with its gradient and AdamW's two means.
    value_bytes: int = 2
    trained_bytes: int = 16
    # Whether layers are computed again in the backward pass instead of saving what is inside them.
    recomputes: bool = False

    def trained(self, shape):
        return shape.adapter_weights(self.rank) if self.method == "lora" else shape.parameters

    def operations(self, shape):
        """A token's, as (forward, backward): what a live reference needs counts as forward."""
        layers, head, attention = shape.layer_weights, shape.head_weights, shape.attention_operations(self.block_length)
        adapter = shape.adapter_weights(self.rank) if self.method == "lora" else 0
        own = 2 * layers + 2 * adapter + attention
        forward = own + 2 * head + (2 * (layers + head) + attention if self.reference == "live" else 0)
        full = self.method == "full"
        backward = (4 if full else 2) * layers + 4 * adapter + 2 * attention + (4 if full else 2) * self.ratio * head
        return forward, backward + (own if self.recomputes else 0)


@dataclass(frozen=True)
class Machine:
    """Rates of one device, and of what connects them. All in operations or bytes a second, and seconds."""

    name: str
    product: float  # of a large matrix product
    efficiency: float  # the share of it that a step's operations reach
    memory: float  # bytes
    memory_bandwidth: float
    # From a device to another of its node, and of another node, one way.
    node_size: int
    node_bandwidth: float
    node_latency: float
    network_bandwidth: float
    network_latency: float
    # Kept free of what is counted here: the runtime, fragments, logits of a part of the vocabulary.
    reserved: float = 4e9


# Dense bfloat16 rates and bandwidths as NVIDIA's data sheets of the A100 80GB SXM and the H100 SXM have them (NVLink's sum of both ways
# halved). Assumed, not measured: 40 % of the rate, as training reports of large models give (the Llama 3 paper: 38 to 43 %); a
# 200 and a 400 Gbit/s adapter for every GPU; latencies of 5 and 20 µs.
MACHINES = {
    "A100": Machine("A100", 312e12, 0.40, 80e9, 2.0e12, 8, 300e9, 5e-6, 25e9, 20e-6),
    "H100": Machine("H100", 989e12, 0.40, 80e9, 3.35e12, 8, 450e9, 5e-6, 50e9, 20e-6),
}


@dataclass(frozen=True)
class Plan:
    """How a step is shared."""

    ranks: int
    # "replicas": everyone has all weights, and gradients are summed. "shards": weights, gradients and means are cut among the ranks.
    weights: str = "replicas"
    # So many ranks of a node share every product.
    tensor: int = 1
    # Blocks of a pass.
    blocks: int = 1
    # In how many parts gradients are sent, while the last backward pass goes on; 1: afterwards.
    buckets: int = 8

    @property
    def groups(self):
        """Ranks that take other blocks than each other."""
        return self.ranks // self.tensor


@dataclass(frozen=True)
class Prediction:
    compute: float
    optimizer: float
    # What communication adds, and what there is of it.
    waiting: float
    communication: float
    memory: float  # bytes of a device
    traffic: float  # bytes that a device sends

    @property
    def seconds(self):
        return self.compute + self.optimizer + self.waiting


def sum_seconds(bytes_, count, machine, per_node):
    """An all-reduce: a ring inside each node, then one among the nodes of each device's own part."""
    inside = min(count, per_node)
    nodes = math.ceil(count / inside)
    seconds = 0
    if inside > 1:
        seconds += 2 * (inside - 1) * (bytes_ / inside / machine.node_bandwidth + machine.node_latency)
    if nodes > 1:
        part = bytes_ / inside
        seconds += 2 * (nodes - 1) / nodes * part / machine.network_bandwidth + 2 * math.log2(nodes) * machine.network_latency
    return seconds


def gather_seconds(bytes_, count, machine, per_node):
    """An all-gather, or a reduce-scatter. Each is one way of a ring, inside nodes and among them."""
    inside = min(count, per_node)
    nodes = math.ceil(count / inside)
    seconds = (inside - 1) * (bytes_ / inside / machine.node_bandwidth + machine.node_latency)
    return seconds + (nodes - 1) * (bytes_ / inside / nodes / machine.network_bandwidth + machine.network_latency)


def predict(shape, work, plan, machine):
    """A step's time and a device's memory. Times of communication count what the slowest rank sends at the rate of the slowest way."""
    tokens = work.tokens / plan.groups
    passes = max(1, math.ceil(tokens / (plan.blocks * work.block_length)))
    of_pass = tokens / passes
    forward, backward = work.operations(shape)
    rate = machine.product * machine.efficiency * plan.tensor
    backward_of_pass = of_pass * backward / rate
    compute = tokens * (forward + backward) / rate

    sharded = plan.weights == "shards"
    holders = plan.groups if sharded else 1
    trained = work.trained(shape) / plan.tensor
    own = trained / holders
    # Norm, scaling and AdamW go over weight, gradient and both means: ten times four bytes.
    optimizer = 40 * own / machine.memory_bandwidth

    per_node = max(1, machine.node_size // plan.tensor)
    waiting = communication = traffic = 0.0
    if plan.groups > 1 and (not sharded or work.method == "lora"):
        bytes_ = 4 * trained
        # Into one buffer and out of it again.
        copies = 6 * bytes_ / machine.memory_bandwidth
        sent = sum_seconds(bytes_, plan.groups, machine, per_node)
        communication += sent + copies
        first = sent / plan.buckets
        waiting += copies + (sent if plan.buckets == 1 else max(first, sent - backward_of_pass * (1 - 1 / plan.buckets)))
        traffic += 2 * bytes_ * (plan.groups - 1) / plan.groups
    if sharded and plan.groups > 1:
        # Every pass gathers all weights twice, and in training all of them leaves their gradients where they belong.
        gathered = work.value_bytes * shape.parameters / plan.tensor
        times = 3 if work.method == "full" else 2
        if work.reference == "live":
            times += 1
        sent = times * shape.layers * gather_seconds(gathered / shape.layers, plan.groups, machine, per_node)
        communication += passes * sent
        # A layer's weights come while the one before is computed.
        waiting += passes * (max(0, sent - compute / passes) + sent / (times * shape.layers))
        traffic += passes * times * gathered * (plan.groups - 1) / plan.groups
    if plan.tensor > 1:
        times = 4 + (2 if work.reference == "live" else 0) + (2 if work.recomputes else 0)
        values = of_pass * shape.width * work.value_bytes
        sent = passes * shape.layers * times * sum_seconds(values, plan.tensor, machine, plan.tensor)
        communication += sent
        waiting += sent
        traffic += passes * shape.layers * times * 2 * values * (plan.tensor - 1) / plan.tensor

    return Prediction(compute, optimizer, waiting, communication, memory(shape, work, plan, machine, of_pass), traffic)


def memory(shape, work, plan, machine, tokens):
    """Bytes of a device: weights, what is trained, what is saved of a pass, and what can't be counted from shapes."""
    sharded = plan.weights == "shards"
    holders = plan.tensor * (plan.groups if sharded else 1)
    trained = work.trained(shape) / plan.tensor
    full = work.method == "full"
    # A frozen base, or the rounded copy of float32 weights that are trained.
    weights = work.value_bytes * shape.parameters / holders if not full or work.value_bytes < 4 else 0
    # Of full training, a live reference is a second model; an adapter's is the base that is there.
    if full and work.reference == "live":
        weights += work.value_bytes * shape.parameters / holders
    own = trained / (plan.groups if sharded and full else 1)
    state = work.trained_bytes * own + (4 * trained if plan.groups > 1 and not (sharded and full) else 0)
    layers = shape.layers * (shape.width if work.recomputes else shape.saved_values) + (shape.saved_values if work.recomputes else 0)
    saved = tokens * layers * work.value_bytes / plan.tensor
    # Two layers' weights whole.
    gathered = 2 * work.value_bytes * shape.layer_weights / shape.layers / plan.tensor if sharded else 0
    return weights + state + saved + gathered + machine.reserved


def simplest(shape, work, ranks, machine):
    """The first way of sharing that fits, in the order of what it takes to write: (work, plan, prediction), or None."""
    ways = [("replicas", 1), ("shards", 1), ("replicas", machine.node_size), ("shards", machine.node_size)]
    for weights, tensor in ways:
        if ranks % tensor or weights == "shards" and ranks // tensor < 2:
            continue
        for recomputes in [False, True]:
            plan = Plan(ranks, weights, tensor)
            if work.tokens / plan.groups < work.block_length:
                continue
            tried = replace(work, recomputes=recomputes)
            prediction = predict(shape, tried, plan, machine)
            if prediction.memory <= machine.memory:
                return tried, plan, prediction
    return None
