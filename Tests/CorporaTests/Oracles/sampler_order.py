"""The order of a BatchSampler's epochs, from its documentation alone. Prints one line an epoch.

usage: sampler_order.py SEED BLOCKS EPOCHS
"""
import sys

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def stream(seed, index):
    counter = mix(seed ^ mix((index + GOLDEN) & MASK))
    while True:
        counter = (counter + GOLDEN) & MASK
        yield mix(counter)


def below(numbers, bound):
    threshold = (1 << 64) % bound
    while True:
        product = next(numbers) * bound
        if product & MASK >= threshold:
            return product >> 64


seed, blocks, epochs = map(int, sys.argv[1:])
for epoch in range(epochs):
    numbers = stream(seed, epoch)
    order = list(range(blocks))
    for last in range(blocks - 1, 0, -1):
        other = below(numbers, last + 1)
        order[last], order[other] = order[other], order[last]
    print(*order)
