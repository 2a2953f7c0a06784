"""The providers that somebody may sign in with, one module each; one exists where its settings are there."""

from services.auth.errors import ProviderNotConfigured
from services.auth.providers import apple, facebook, google
from services.auth.providers.journey import Provider
from services.auth.settings import Settings
from shared.errors import NotFound

MAKERS = {"google": google.of, "apple": apple.of, "facebook": facebook.of}

Providers = dict[str, Provider | None]


def all_of(settings: Settings) -> Providers:
    """Every provider by name; None where it is not configured."""
    return {name: make(settings) for name, make in MAKERS.items()}


def named(providers: Providers, name: str) -> Provider:
    """The provider of that name. Raises NotFound, ProviderNotConfigured."""
    if name not in providers:
        raise NotFound
    provider = providers[name]
    if provider is None:
        raise ProviderNotConfigured(provider=name)
    return provider
