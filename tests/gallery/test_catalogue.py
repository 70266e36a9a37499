"""The documented extensions, as data."""

from __future__ import annotations

import pytest

from connectedmachine.gallery.catalogue import Catalogue
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import OSType


@pytest.mark.parametrize(
    ("publisher", "linux", "windows"),
    [
        ("Microsoft.Azure.Monitoring.DependencyAgent", "DependencyAgentLinux", "DependencyAgentWindows"),
        ("Microsoft.GuestConfiguration", "ConfigurationforLinux", "ConfigurationforWindows"),
        ("Microsoft.Azure.KeyVault", "KeyVaultForLinux", "KeyVaultForWindows"),
    ],
)
def test_each_documented_extension_is_the_one_type_of_its_publisher_and_system(
    publisher: str, linux: str, windows: str
) -> None:
    catalogue = Catalogue.load()
    for os, type_ in ((OSType.LINUX, linux), (OSType.WINDOWS, windows)):
        assert [entry.handler.type for entry in catalogue.type_for(publisher, os)] == [type_]
        assert catalogue.supports_automatic_upgrade(HandlerName(publisher, type_)) is True


def test_case_does_not_matter() -> None:
    handler = HandlerName("MICROSOFT.azure.keyvault", "keyvaultforlinux")
    assert Catalogue.load().knows(handler)
    assert Catalogue.load().type_for("microsoft.azure.KEYVAULT", OSType.LINUX)


def test_an_extension_whose_publisher_does_not_support_it_is_known_as_such() -> None:
    assert (
        Catalogue.load().supports_automatic_upgrade(HandlerName("Microsoft.Compute", "CustomScriptExtension"))
        is False
    )


def test_what_is_not_documented_is_not_known() -> None:
    catalogue = Catalogue.load()
    handler = HandlerName("Contoso.Sample", "Agent")
    assert not catalogue.knows(handler)
    assert catalogue.supports_automatic_upgrade(handler) is None
    assert catalogue.type_for("Contoso.Sample", OSType.LINUX) == []


def test_macos_is_offered_what_linux_is() -> None:
    catalogue = Catalogue.load()
    publisher = "Microsoft.Azure.Monitor"
    assert catalogue.type_for(publisher, OSType.MACOS) == catalogue.type_for(publisher, OSType.LINUX) != []


def test_no_handler_stands_there_twice() -> None:
    keys = [entry.handler.key for entry in Catalogue.load().entries]
    assert len(set(keys)) == len(keys)
