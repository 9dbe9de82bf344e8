"""The languages that can be recognised, one provider each."""

from detection.finding import Provider
from detection.providers.generators import GeneratorProvider
from detection.providers.go import GoProvider
from detection.providers.java import JavaProvider
from detection.providers.node import NodeProvider
from detection.providers.nx import NxProvider
from detection.providers.others import OtherLanguageProvider
from detection.providers.php import PhpProvider
from detection.providers.python import PythonProvider
from detection.providers.ruby import RubyProvider
from detection.providers.rust import RustProvider
from detection.providers.static import StaticProvider

PROVIDERS: tuple[Provider, ...] = (
    PythonProvider(),
    NodeProvider(),
    NxProvider(),
    GoProvider(),
    RubyProvider(),
    PhpProvider(),
    JavaProvider(),
    RustProvider(),
    GeneratorProvider(),
    StaticProvider(),
    OtherLanguageProvider(),
)
