"""Only public or listed addresses are allowed, whatever a user or a name server claims."""

from ipaddress import ip_address
from typing import Any

import pytest
from address_table import (
    LIST,
    METADATA,
    PUBLIC_V4,
    PUBLIC_V6,
    REFUSED_URLS,
    REFUSED_WITH_A_LIST,
    SPECIAL,
    url_of,
)
from hypothesis import given
from hypothesis import strategies as st

from service.address_rules import RefusedAddressError, Rules, check_url, is_public, locate, read_rules


@st.composite
def special_addresses(draw: st.DrawFn) -> Any:
    network = draw(st.sampled_from(SPECIAL))
    return network[draw(st.integers(0, network.num_addresses - 1))]


@given(special_addresses())
def test_no_special_address_is_allowed_in_any_spelling(address: Any):
    assert not is_public(address)
    with pytest.raises(RefusedAddressError, match="not a public one"):
        check_url(url_of(address), Rules())
    target = check_url("https://dock.example.org/", Rules())
    with pytest.raises(RefusedAddressError, match="not a public one"):
        locate(target, Rules(), lambda _host, _port: [str(address)])


@given(st.ip_addresses())
def test_what_is_public_is_neither_private_nor_anything_special(address: Any):
    if is_public(address):
        assert address.is_global
        assert not any(address in network for network in SPECIAL)
        kinds = ("private", "loopback", "link_local", "multicast", "reserved", "unspecified")
        assert [kind for kind in kinds if getattr(address, f"is_{kind}")] == []


@pytest.mark.parametrize("address", METADATA)
def test_metadata_addresses_are_allowed_only_if_listed(address: str):
    assert not is_public(ip_address(address))
    rules = read_rules("public, dock.example.org")
    target = check_url("http://dock.example.org/", rules)
    with pytest.raises(RefusedAddressError):
        locate(target, rules, lambda _host, _port: [address])
    assert check_url(url_of(address), read_rules(address)).port == 80


@pytest.mark.parametrize("address", [PUBLIC_V4, PUBLIC_V6])
def test_public_addresses_are_allowed(address: str):
    assert locate(check_url(url_of(address), Rules()), Rules()) == [address]
    target = check_url("https://dock.example.org/score?x=1", Rules())
    assert (target.host, target.port, target.path, target.authority) == (
        *("dock.example.org", 443, "/score?x=1"),
        "dock.example.org",
    )
    assert locate(target, Rules(), lambda _host, _port: [address, address]) == [address]


def test_only_the_allowed_ones_of_several_addresses_are_returned():
    target = check_url("https://dock.example.org/", Rules())
    assert locate(target, Rules(), lambda _host, _port: ["10.0.0.1", PUBLIC_V4, "::1"]) == [PUBLIC_V4]
    with pytest.raises(RefusedAddressError, match="nothing"):
        locate(target, Rules(), lambda _host, _port: [])


@pytest.mark.parametrize(("url", "why"), REFUSED_URLS)
def test_a_url_that_cannot_be_meant_is_refused_with_the_reason(url: str, why: str):
    with pytest.raises(RefusedAddressError, match=why):
        check_url(url, Rules())


def test_with_a_list_nothing_else_is_allowed():
    rules = read_rules(LIST)
    assert not rules.is_public_open
    assert check_url("https://10.1.2.3:22/", rules).port == 22
    target = check_url("https://Dock.example.org.:8443/", rules)
    assert locate(target, rules, lambda _host, _port: ["192.168.0.7"]) == ["192.168.0.7"]
    for url in REFUSED_WITH_A_LIST:
        with pytest.raises(RefusedAddressError):
            check_url(url, rules)
    other = check_url("https://dock.example.org/", rules)  # it may lie in the network
    assert locate(other, rules, lambda _host, _port: [PUBLIC_V4, "10.1.0.9"]) == ["10.1.0.9"]
    for address in (PUBLIC_V4, "10.2.0.1"):
        with pytest.raises(RefusedAddressError):
            locate(other, rules, lambda _host, _port, actual=address: [actual])
    with pytest.raises(RefusedAddressError, match="not among the hosts"):
        check_url("https://other.example.org/", read_rules("dock.example.org"))


def test_a_listed_name_may_be_this_house_but_nothing_odd():
    rules = read_rules("localhost")
    target = check_url("http://localhost:8000/", rules)
    for address in ("127.0.0.1", "::1", "10.0.0.1", PUBLIC_V4):
        assert locate(target, rules, lambda _host, _port, actual=address: [actual]) == [address]
    for address in (
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "::ffff:127.0.0.1",
        "224.0.0.1",
        "fe80::1",
        "fd00:ec2::254",
    ):
        with pytest.raises(RefusedAddressError):
            locate(target, rules, lambda _host, _port, actual=address: [actual])


def test_public_can_be_listed_beside_others():
    rules = read_rules("public,[fd00::1]:8000,::2")
    assert check_url("https://dock.example.org/", rules)
    assert check_url("http://[fd00:0::1]:8000/", rules).authority == "[fd00:0::1]:8000"
    assert check_url("http://[::2]:99/", rules)
    with pytest.raises(RefusedAddressError):
        check_url("http://[fd00::1]/", rules)


@pytest.mark.parametrize(
    "text", ["https://x", "a:b:c", "10.0.0.0/40", "10.0.0.1/8", "x:0", "x:99999", "127.1", "a b@c"]
)
def test_rules_that_mean_nothing_are_no_rules(text: str):
    with pytest.raises(ValueError, match=r"."):
        read_rules(text)


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_refused(text: str):
    for url in (text, f"http://{text}", f"https://[{text}]/"):
        try:
            target = check_url(url, Rules())
        except RefusedAddressError:
            continue
        assert target.scheme in ("http", "https")
        assert target.host
        assert target.authority.isascii()
