"""The deck's own system under its own names: code written for the deck runs by changing its imports.

>>> import numpy as np
>>> from glassgrad.deck import TwoLayerNet
>>> net = TwoLayerNet(input_size=784, hidden_size=50, output_size=10, seed=0)
>>> x, t = np.ones((3, 784)), np.array([5, 0, 4])
>>> {name: slope.shape for name, slope in net.gradient(x, t).items()}
{'W1': (784, 50), 'b1': (50,), 'W2': (50, 10), 'b2': (10,)}

The layers and functions take and return plain NumPy arrays; their formulas are those of the ops, so `gg.relu` and
`Relu` cannot disagree.

What the deck prints, and what is right here
--------------------------------------------

Formulas and words of the slides::

    printed                                 right
    Δw = -η E / W                           Δw_ij = -η ∂E/∂w_ij: the slope, not a quotient
    weight update as phase 2 of backprop    backpropagation finds gradients; the update is gradient descent
    nodes made of local *graphs*            of local *computations*
    add node shown with z = t², t = x+y     z = x + y; both get the derivative as it comes
    multiply node shown with t = x+y        z = xy only; x gets g·y, y gets g·x
    case 2 of the chain rule, no result     dz/ds = ∂z/∂x·dx/ds + ∂z/∂y·dy/ds: forks add up
    x, y in the sigmoid's steps 1 and 3     the node's own input and output: y = 1/u, v = exp(-x)
    "相反值" at the node ×                  the *swapped* operand, which happens to be -1 here
    ∂L/∂y y², ... without signs             g, -g y², -g y², -g y² exp(-x), +g y² exp(-x) = g y (1-y)
    □ between matrices                      the matrix product
    ∂L/∂W = Xᵀ·∂L/∂Y for X of shape (2,)    for X as (1, 2); `Affine` takes (2,) too
    no formula for ∂L/∂B                    ∂L/∂Y, in a batch its sum over the samples
    L = Σ_i t_k log y_k                     L = -Σ_k t_k log y_k, the mean over the samples
    y - t                                   y Σt - t; the same where the labels sum to 1
    update *in* the gradient's direction    against it
    exp(a) / Σ exp(a)                       the same after subtracting the largest a: no overflow
    訓練資料 as comment of ``t``            教師資料: the labels

Code of the slides, and of the book they follow::

    printed                                 here
    ``dout[self.mask] = 0``                 a new array; nothing that is handed in is changed
    relu'(0): 0 in one place, 1 in another  0
    ``dx = .dx.reshape(...``                the input's shape comes back, whatever it was
    forward without return, backward        `SoftmaxWithLoss.forward` returns the loss, `backward` the derivative
      starting with ``return self.loss``
    backward(dout) that ignores dout        multiplies by it
    1-D samples divided by C                a sample is a batch of one
    labels (N, 1) broadcast to (N, N)       counted as (N,); other shapes are refused
    soft labels cut to their largest        used as they are, forward and backward
    ``log(y + 1e-7)``                       the loss of the scores themselves, exact: 60 for a gap of 60, not 16.1
    ``params[k] = params[k] - ...`` cuts    layers look their parameters up, so both ways of updating work
      the layer off
    ``numerical_gradient`` of integers      converted: [6, 8], not [25000, 35000]
      of float32, of large numbers          a step that the dtype can hold, divided by what it really was
      after an error in f                   the array is restored
      of an array that f does not read      an error, not zeros
    operands of different shapes            each derivative has the shape of its operand
    accuracy without the last batch         every sample counts
    float32 in, float64 out                 float32
    a layer used twice keeps one input      still so: make two layers on the same arrays, and add their ``dW``
"""

from .functions import cross_entropy_error, sigmoid, softmax
from .layers import AddLayer, Affine, MulLayer, Relu, Sigmoid, SoftmaxWithLoss
from .network import TwoLayerNet
from .numerical import numerical_gradient

__all__ = [
    "AddLayer", "Affine", "MulLayer", "Relu", "Sigmoid", "SoftmaxWithLoss", "TwoLayerNet", "cross_entropy_error",
    "numerical_gradient", "sigmoid", "softmax",
]
