"""Random graphs that several tests share."""

import numpy as np

import glassgrad as gg

UNARY = (gg.exp, gg.sin, gg.tanh, gg.sigmoid, gg.square, lambda x: x**3, lambda x: -x, lambda x: 1 / (x * x + 1))
BINARY = (gg.add, gg.subtract, gg.multiply, gg.maximum, lambda a, b: a / (b * b + 2))
STOPPING = (gg.stop_gradient, gg.sign)


def scalars(seed, operations, *, stops=False):
    """Return the leaves and the last node of a random graph of single numbers."""
    rng = np.random.default_rng(seed)
    leaves = [gg.tensor(float(value), name=f"x{i}") for i, value in enumerate(rng.normal(size=3))]
    known = list(leaves)
    for _ in range(operations):
        unary = (*UNARY, *STOPPING) if stops else UNARY
        if rng.random() < 0.4:
            node = unary[rng.integers(len(unary))](known[rng.integers(len(known))])
        else:
            first, second = rng.integers(len(known), size=2)
            node = BINARY[rng.integers(len(BINARY))](known[first], known[second])
        known.append(gg.tanh(node) if abs(float(node.value)) > 10 else node)  # keeps the numbers small
    return leaves, known[-1]


def arrays(seed):
    """Return the leaves and the loss of a random graph of arrays: products, broadcasting, reductions, reuse."""
    rng = np.random.default_rng(seed)
    rows, inner, columns = rng.integers(1, 5, size=3)
    X, W, b = (gg.tensor(rng.normal(size=shape), name=name)
               for shape, name in (((rows, inner), "X"), ((inner, columns), "W"), ((columns,), "b")))
    h = gg.affine(X, W, b) if rng.random() < 0.5 else gg.dot(X, W) + b
    for _ in range(rng.integers(1, 4)):
        choice = rng.integers(6)
        if choice == 0:
            h = gg.relu(h) + 0.1 * h
        elif choice == 1:
            h = h * gg.softmax(h)
        elif choice == 2:
            h = h - gg.mean(h, axis=0)
        elif choice == 3:
            h = gg.transpose(gg.transpose(gg.tanh(h))) * b
        elif choice == 4:
            h = gg.concatenate([h[:1], gg.sigmoid(h)[1:]], axis=0)
        else:
            h = gg.reshape(gg.ravel(h) * 2.0, h.shape) + gg.log_softmax(h)
    loss = gg.sum(h * h) if rng.random() < 0.5 else gg.cross_entropy(h, rng.integers(0, columns, rows))
    return (X, W, b), loss
