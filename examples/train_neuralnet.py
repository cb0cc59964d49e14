"""The deck's training script: mini-batch, gradient, update, repeat; on the digits that come with glassgrad.

Ten thousand updates with batches of 100, learning rate 0.1; some seconds. ``--iterations 300`` for a quick look.
"""

import argparse

import numpy as np

import glassgrad as gg
from glassgrad.deck import TwoLayerNet


def train(net, x, t, iterations, batch_size=100, learning_rate=0.1, seed=0):
    """Change the parameters of `net` in place; yield the iteration and the loss of its batch, before each update."""
    random = np.random.default_rng(seed)
    for i in range(iterations):
        # step 1: mini-batch
        batch = random.choice(len(x), batch_size)
        # step 2: gradient, by backpropagation
        grads = net.gradient(x[batch], t[batch])
        # step 3: update, against the gradient
        for name, slope in grads.items():
            net.params[name] -= learning_rate * slope
        # step 4: repeat
        yield i + 1, net.lastLayer.loss


def main():
    """Train on the digits and print the progress once every 50 epochs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    data = gg.data.load("digits", seed=options.seed)
    x_train, x_test = data.scaled(data.x_train, np.float64), data.scaled(data.x_test, np.float64)
    net = TwoLayerNet(x_train.shape[1], 50, len(data.classes), seed=options.seed)

    def report(i, loss):
        print(f"{i:6d}  loss {loss:.3f}  train {net.accuracy(x_train, data.y_train):.3f}  "
              f"test {net.accuracy(x_test, data.y_test):.3f}", flush=True)

    every = 50 * (len(x_train) // 100)  # a whole number: 1437 / 100 would hardly ever divide an iteration
    for i, loss in train(net, x_train, data.y_train, options.iterations, seed=options.seed):
        if i == 1 or i % every == 0 or i == options.iterations:
            report(i, loss)


if __name__ == "__main__":
    main()
