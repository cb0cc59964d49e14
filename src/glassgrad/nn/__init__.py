"""Layers and models. A model is called like a function and adds nodes to the graph; `glassgrad.train` trains it."""

from .initialise import he, std, xavier
from .layers import Affine, Dropout, Layer, ReLU, Sigmoid, Tanh
from .model import Sequential, TwoLayerNet, build, perceptron

__all__ = [
    "Affine", "Dropout", "Layer", "ReLU", "Sequential", "Sigmoid", "Tanh", "TwoLayerNet", "build", "he",
    "perceptron", "std", "xavier",
]
