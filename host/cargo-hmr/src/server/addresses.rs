//! Where the server listens, and the addresses at which pages of it are opened.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::SockRef;
use tokio::net::TcpListener;

use super::{ServerError, key::Key};

/// How many ports after the requested one are tried.
const PORTS: u16 = 100;

/// Listens at `port`, or at the next free one after it. Port 0 is any free one.
///
/// # Errors
/// [`ServerError`]
pub async fn listen(host: &str, port: u16) -> Result<TcpListener, ServerError> {
    let address = parse(host)?;
    let mut first_error = None;
    for candidate in port..=port.saturating_add(if port == 0 { 0 } else { PORTS }) {
        match TcpListener::bind(SocketAddr::new(address, candidate)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => _ = first_error.get_or_insert(error),
        }
    }
    let source = first_error.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into());
    Err(ServerError::Bind { host: host.to_owned(), port, source })
}

/// The address that a host on the command line means.
fn parse(host: &str) -> Result<IpAddr, ServerError> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare {
        "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => bare.parse().map_err(|_| ServerError::Host(host.to_owned())),
    }
}

/// Whether other machines may reach what listens here.
#[must_use]
pub fn is_exposed(address: IpAddr) -> bool {
    !address.to_canonical().is_loopback()
}

/// The addresses of the page, the one for this machine's own browser first. With a key they carry it.
///
/// # Errors
/// The system does not report the listener's address.
pub fn addresses(
    listener: &TcpListener,
    host: &str,
    key: Option<&Key>,
) -> std::io::Result<Vec<String>> {
    let at = listener.local_addr()?;
    let key = key.map(Key::query).unwrap_or_default();
    let url = |host: String| format!("http://{host}:{}/{key}", at.port());
    if host == "localhost" {
        return Ok(vec![url(host.to_owned())]);
    }
    let addresses = if at.ip().is_unspecified() {
        // The system decides whether `::` accepts IPv4 connections, too.
        let both = at.is_ipv6() && SockRef::from(listener).only_v6().is_ok_and(|only| !only);
        let own = if_addrs::get_if_addrs().unwrap_or_default();
        reachable(at.is_ipv4() || both, at.is_ipv6(), own.iter().map(if_addrs::Interface::ip))
    } else {
        vec![at.ip()]
    };
    Ok(addresses.into_iter().map(|address| url(bracketed(address))).collect())
}

/// Those of a machine's `own` addresses that a browser can open, the loopback address first.
fn reachable(v4: bool, v6: bool, own: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let is_supported = |address: &IpAddr| match address {
        IpAddr::V4(_) => v4,
        IpAddr::V6(_) => v6,
    };
    // Addresses of one link need the name of an interface, which browsers do not accept.
    let is_local = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unicast_link_local(),
    };
    let mut addresses: Vec<IpAddr> = own.filter(|address| !is_local(address)).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let to_itself = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let first = to_itself.into_iter().filter(is_supported).take(1);
    first.chain(addresses.into_iter().filter(is_supported)).collect()
}

/// An address as it is written in a URL.
fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_a_browser_can_open_are_given() {
        let own = ["127.0.0.1", "192.0.2.7", "169.254.1.1", "::1", "fe80::1", "2001:db8::7"];
        let own = || own.iter().map(|it| it.parse::<IpAddr>().expect("an address"));
        let given = |v4, v6| -> Vec<String> {
            reachable(v4, v6, own()).into_iter().map(bracketed).collect()
        };
        assert_eq!(given(true, false), ["127.0.0.1", "192.0.2.7"]);
        assert_eq!(given(false, true), ["[::1]", "[2001:db8::7]"]);
        assert_eq!(given(true, true), ["127.0.0.1", "192.0.2.7", "[2001:db8::7]"]);
    }

    #[test]
    fn a_host_is_an_address_with_or_without_brackets() {
        for (host, address) in
            [("localhost", "127.0.0.1"), ("::1", "::1"), ("[::1]", "::1"), ("0.0.0.0", "0.0.0.0")]
        {
            assert_eq!(parse(host).expect("an address").to_string(), address, "{host}");
        }
        for host in ["", "example.org", "[[::1]]", "[::1", "127.0.0.1:80"] {
            assert!(parse(host).is_err(), "{host}");
        }
        for (address, exposed) in [
            ("127.0.0.1", false),
            ("127.9.9.9", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("0.0.0.0", true),
            ("::", true),
            ("192.0.2.7", true),
        ] {
            assert_eq!(is_exposed(address.parse().expect("an address")), exposed, "{address}");
        }
    }
}
