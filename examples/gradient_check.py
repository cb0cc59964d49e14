"""The deck's gradient check: is backpropagation right? Compare it with numerical differentiation.

Network 784-50-10, three images, float64; 39,760 parameters, each changed up and down by h = 1e-4: 79,520 losses,
about ten seconds. Then two questions that the deck leaves open: why b2 comes out worse than the rest, and what happens
when a ReLU unit stands closer to its kink than h.
"""

import numpy as np

from glassgrad.deck import TwoLayerNet, numerical_gradient

H = 1e-4


def images(random, count=3, pixels=784, lit=0.2):
    """Random images of which a fifth of the pixels is not black, as in handwritten digits."""
    return random.random((count, pixels)) * (random.random((count, pixels)) < lit)


def distance_from_kink(net, x):
    """Smallest |input of a ReLU unit|: as long as it exceeds h, no step of size h (with pixels up to 1) crosses 0."""
    return np.abs(net.layers["Affine1"].forward(x)).min()


def away_from_kinks(pixels=784, hidden=50, classes=10):
    """Return network, images and labels of the first seed whose every ReLU unit is further than 2 h from its kink."""
    for seed in range(100):
        random = np.random.default_rng(seed)
        net = TwoLayerNet(pixels, hidden, classes, seed=random)
        x, t = images(random, pixels=pixels), np.eye(classes)[random.integers(0, classes, 3)]
        if distance_from_kink(net, x) > 2 * H:
            return net, x, t, seed
    raise SystemExit("no seed below 100 keeps all units away from their kinks")


def difference(a, b):
    """Mean |a - b|, the deck's measure."""
    return np.average(np.abs(a - b))


def by_step(net, x, t, backprop, steps):
    """Return the difference at b2 for several h."""
    def loss(_):
        return net.loss(x, t)

    return [difference(numerical_gradient(loss, net.params["b2"], h), backprop["b2"]) for h in steps]


def at_a_kink(net, x, t):
    """Move one unit to 0.3 h from its kink by its bias; return the difference at b1 there."""
    scores = net.layers["Affine1"].forward(x)
    net.params["b1"][0] -= scores[0, 0] - 0.3 * H
    numeric = numerical_gradient(lambda _: net.loss(x, t), net.params["b1"])
    return difference(numeric, net.gradient(x, t)["b1"])


def main():
    """Print the deck's table, then the two explanations."""
    net, x, t, seed = away_from_kinks()
    print(f"seed {seed}, the first with every ReLU unit further than 2 h from 0 "
          f"(nearest: {distance_from_kink(net, x):.1e}); loss {net.loss(x, t):.4f}\n")
    numeric, backprop = net.numerical_gradient(x, t), net.gradient(x, t)
    print("mean |numerical - backpropagation|, h = 1e-4")
    for name, slope in backprop.items():
        print(f"  {name}  {difference(numeric[name], slope):.1e}   largest entry {np.abs(slope).max():.1e}")

    print("\nWhy b2 is larger: a central difference leaves out h^2/6 times the third derivative, so its error")
    print("falls 100-fold when h is divided by 10, until the rounding of the loss, about 1e-16/h, takes over.")
    print("For b2 a score moves by the whole h; for W2 only by h times an activation of about 0.1.")
    steps = [10.0**-k for k in range(2, 9)]
    for h, found in zip(steps, by_step(net, x, t, backprop, steps), strict=True):
        print(f"  h = {h:.0e}   b2 {found:.1e}")

    print("\nAt a kink: one unit moved to 0.3 h from 0, where the step up and the step down see different slopes.")
    print(f"  b1  {at_a_kink(net, x, t):.1e}: the numerical side is wrong there, not backpropagation.")


if __name__ == "__main__":
    main()
