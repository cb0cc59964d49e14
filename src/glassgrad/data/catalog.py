"""The data sets that are known by name and published elsewhere: their files, checksums, mirrors and origin."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PUBLISHED", "Published", "RemoteFile"]


@dataclass(frozen=True)
class RemoteFile:
    """One file: its name without ``.gz``, and size and SHA-256 of what it unpacks to."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Published:
    """A data set in IDX files that is downloaded once.

    Attributes
    ----------
    name, source : str
    files : tuple of RemoteFile
    mirrors : tuple of str
        Addresses in the order in which they are tried; ``<mirror><file name>.gz`` is the file.
    folders : tuple of str
        Where the system's own packages put it.
    classes : tuple of str
    download_size : int
        Bytes that the download takes, about.
    """

    name: str
    source: str
    files: tuple[RemoteFile, ...]
    mirrors: tuple[str, ...]
    folders: tuple[str, ...]
    classes: tuple[str, ...]
    download_size: int


def _files(train_images: str, train_labels: str, test_images: str, test_labels: str) -> tuple[RemoteFile, ...]:
    return (
        RemoteFile("train-images-idx3-ubyte", 47_040_016, train_images),
        RemoteFile("train-labels-idx1-ubyte", 60_008, train_labels),
        RemoteFile("t10k-images-idx3-ubyte", 7_840_016, test_images),
        RemoteFile("t10k-labels-idx1-ubyte", 10_008, test_labels),
    )


MNIST = Published(
    name="mnist",
    source=(
        "MNIST by Y. LeCun, C. Cortes and C. J. C. Burges, from NIST's Special Databases 1 and 3; "
        "http://yann.lecun.com/exdb/mnist/."
    ),
    files=_files(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    folders=(),
    classes=tuple("0123456789"),
    download_size=11_594_722,
)

FASHION_MNIST = Published(
    name="fashion-mnist",
    source=(
        "Fashion-MNIST by H. Xiao, K. Rasul and R. Vollgraf, Zalando Research, MIT licence; "
        "https://github.com/zalandoresearch/fashion-mnist."
    ),
    files=_files(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    folders=("/usr/share/datasets/fashion-mnist",),
    classes=("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    download_size=30_878_645,
)

PUBLISHED = {entry.name: entry for entry in (MNIST, FASHION_MNIST)}
