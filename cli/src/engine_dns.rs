//! The resolver that a container engine keeps inside of its networks, at an address of its own: who is
//! told to ask there gets no answer here. Names are looked up by `sock_getaddrinfo` then.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Which programs that are built with `wasmedge_wasi_socket` read.
const VARIABLE: &str = "DNS_SERVER";

/// Where Docker's resolver is, for all containers alike.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11));

/// What to tell of a variable that names the engine's resolver, and is to be left out for that;
/// `None`: it is any other variable.
pub fn left_out(name: &str, value: &str) -> Option<String> {
    let address = value.parse().map(|place: SocketAddr| place.ip());
    let address = address.or_else(|_| value.parse()).ok()?;
    (name == VARIABLE && address == ADDRESS).then(|| {
        format!(
            "{VARIABLE}={value} is left out: that is the engine's own resolver, which answers in its \
             networks only; names are looked up here, and --env {VARIABLE}=ADDRESS:PORT says who else is \
             to be asked"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::left_out;

    #[test]
    fn only_the_engines_resolver_is_left_out() {
        for (name, value, expected) in [
            ("DNS_SERVER", "127.0.0.11:53", true),
            ("DNS_SERVER", "127.0.0.11", true),
            ("DNS_SERVER", "127.0.0.1:53", false),
            ("DNS_SERVER", "8.8.8.8:53", false),
            ("DNS_SERVER", "", false),
            ("RESOLVER", "127.0.0.11:53", false),
        ] {
            assert_eq!(left_out(name, value).is_some(), expected, "{name}={value}");
        }
    }
}
