//! Where the server listens, and the addresses at which pages of it are opened.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket};

use super::{ServerError, key::Key};

/// How many ports after the requested one are tried.
const PORTS: u16 = 100;
/// How many connections may wait to be accepted.
const WAITING: u32 = 1024;

/// Where the server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The port, at each address.
    pub port: u16,
    /// Whether other machines may reach it.
    pub exposed: bool,
}

/// Listens at one port of all `hosts`: at `port`, or at the next one that is free there. Port 0 is any free one. Must be
/// called where a runtime runs.
///
/// # Errors
/// [`ServerError`]
pub fn listen(hosts: &[String], port: u16) -> Result<Vec<TcpListener>, ServerError> {
    let addresses = distinct(hosts.iter().map(|host| parse(host)).collect::<Result<_, _>>()?);
    let mut first_error = None;
    for step in 0..=PORTS {
        let candidate = if port == 0 { 0 } else { port.saturating_add(step) };
        match bind(&addresses, candidate) {
            Ok(listeners) => return Ok(listeners),
            Err((address, error)) if error.kind() == ErrorKind::AddrNotAvailable => {
                return Err(ServerError::NotHere(address.to_string()));
            }
            Err(error) => _ = first_error.get_or_insert(error),
        }
    }
    let (address, source) =
        first_error.unwrap_or_else(|| (Ipv4Addr::LOCALHOST.into(), ErrorKind::AddrInUse.into()));
    // A single host is named as it was written.
    let host = match hosts {
        [host] => host.clone(),
        _ => address.to_string(),
    };
    Err(ServerError::Bind { host, port, source })
}

/// Listens at one port of all addresses, or returns the address at which that fails.
fn bind(addresses: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, (IpAddr, io::Error)> {
    let both = addresses.iter().any(IpAddr::is_ipv4) && addresses.iter().any(IpAddr::is_ipv6);
    let mut listeners: Vec<TcpListener> = Vec::new();
    for address in addresses {
        let first = listeners.first().and_then(|it| it.local_addr().ok());
        let at = SocketAddr::new(*address, first.map_or(port, |first| first.port()));
        listeners.push(bind_one(at, both).map_err(|error| (*address, error))?);
    }
    Ok(listeners)
}

/// Listens at one address. `separate` is whether another listener has the addresses of IPv4.
fn bind_one(at: SocketAddr, separate: bool) -> io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Otherwise a port cannot be used for a while after its last connection. On Windows it would be shared with other programs.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    if separate && at.is_ipv6() {
        SockRef::from(&socket).set_only_v6(true)?;
    }
    socket.bind(at)?;
    socket.listen(WAITING)
}

/// The addresses without those that are in the list twice, alone or as one of all addresses of the machine.
fn distinct(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let all = addresses.clone();
    let mut distinct: Vec<IpAddr> = Vec::new();
    for address in addresses {
        let covers = |other: &IpAddr| {
            other.is_unspecified() && other.is_ipv4() == address.is_ipv4() && *other != address
        };
        if !distinct.contains(&address) && !all.iter().any(covers) {
            distinct.push(address);
        }
    }
    distinct
}

/// Where these listen.
///
/// # Errors
/// The system does not report the address of one.
pub fn bound(listeners: &[TcpListener]) -> io::Result<Bound> {
    let mut all = Bound { port: 0, exposed: false };
    for listener in listeners {
        let at = listener.local_addr()?;
        all = Bound { port: at.port(), exposed: all.exposed || is_exposed(at.ip()) };
    }
    Ok(all)
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
fn is_exposed(address: IpAddr) -> bool {
    !address.to_canonical().is_loopback()
}

/// The addresses of the page, the one for this machine's own browser first, the `aliases` last. With a key they carry it.
///
/// # Errors
/// The system does not report the address of a listener.
pub fn addresses(
    listeners: &[TcpListener],
    hosts: &[String],
    aliases: &[String],
    key: Option<&Key>,
) -> io::Result<Vec<String>> {
    let port = bound(listeners)?.port;
    let key = key.map(Key::query).unwrap_or_default();
    let url = |host: String| format!("http://{host}:{port}/{key}");
    let mut names: Vec<String> = Vec::new();
    if hosts == ["localhost"] {
        names.push("localhost".to_owned());
    } else {
        let mut all = Vec::new();
        for listener in listeners {
            all.extend(of_listener(listener)?);
        }
        all.sort_by_key(|address| is_exposed(*address));
        names.extend(all.into_iter().map(bracketed));
    }
    names.extend(aliases.iter().filter(|alias| !alias.starts_with('.')).cloned());
    let mut known = std::collections::BTreeSet::new();
    names.retain(|name| known.insert(name.clone()));
    Ok(names.into_iter().map(url).collect())
}

/// The addresses at which a browser can open what listens here.
fn of_listener(listener: &TcpListener) -> io::Result<Vec<IpAddr>> {
    let at = listener.local_addr()?;
    if !at.ip().is_unspecified() {
        return Ok(vec![at.ip()]);
    }
    // Whether `::` takes connections of IPv4 as well is the system's choice.
    let both = at.is_ipv6() && SockRef::from(listener).only_v6().is_ok_and(|only| !only);
    let own = if_addrs::get_if_addrs().unwrap_or_default();
    Ok(reachable(at.is_ipv4() || both, at.is_ipv6(), own.iter().map(if_addrs::Interface::ip)))
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
    fn addresses_are_listened_at_once() {
        let left = |addresses: &[&str]| -> Vec<String> {
            let parsed = addresses.iter().map(|it| it.parse().expect("an address")).collect();
            distinct(parsed).iter().map(ToString::to_string).collect()
        };
        assert_eq!(left(&["127.0.0.1", "::1", "127.0.0.1"]), ["127.0.0.1", "::1"]);
        assert_eq!(left(&["127.0.0.1", "0.0.0.0", "::1", "192.0.2.1"]), ["0.0.0.0", "::1"]);
        assert_eq!(left(&["0.0.0.0", "::"]), ["0.0.0.0", "::"]);
    }

    #[tokio::test]
    async fn all_addresses_have_the_same_port() {
        let hosts = ["127.0.0.1".to_owned(), "127.0.0.2".to_owned()];
        // Not every system has all addresses of its loopback interface.
        if TcpListener::bind("127.0.0.2:0").await.is_err() {
            return;
        }
        let taken = TcpListener::bind("127.0.0.2:0").await.expect("a port");
        let port = taken.local_addr().expect("an address").port();
        let listeners = listen(&hosts, port).expect("the next port is free");
        let Bound { port: other, exposed } = bound(&listeners).expect("addresses");
        assert!(other > port && !exposed);
        let aliases = ["dev.test".to_owned(), ".test".to_owned()];
        assert_eq!(
            addresses(&listeners, &hosts, &aliases, None).expect("addresses"),
            ["127.0.0.1", "127.0.0.2", "dev.test"].map(|host| format!("http://{host}:{other}/"))
        );
        let elsewhere = listen(&["192.0.2.1".to_owned()], 0).expect_err("not here");
        assert!(matches!(elsewhere, ServerError::NotHere(_)), "{elsewhere}");
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
