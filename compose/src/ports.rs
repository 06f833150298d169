//! `ports` and `expose`: which ports of the service are where on the host.

use crate::values::{kind, shown, text};
use serde_json::Value;
use std::net::IpAddr;

/// Most ports of one service.
const MOST: usize = 1_000;

/// What a port is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

/// A port of a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Port {
    /// The host's address; `None`: any.
    pub address: Option<IpAddr>,
    /// The host's port; `None`: the engine would choose one.
    pub host: Option<u16>,
    /// The service's port.
    pub guest: u16,
    /// Of which protocol.
    pub transport: Transport,
}

/// Reads `ports`.
pub(crate) fn ports(value: &Value) -> Result<Vec<Port>, String> {
    let mut ports = Vec::new();
    for value in crate::values::list(value) {
        match value {
            Value::Object(map) => long(map, &mut ports)?,
            Value::String(_) | Value::Number(_) => short(&text(value)?, &mut ports)?,
            other => {
                return Err(format!(
                    "`HOST:CONTAINER` or a mapping was expected, and it is {}",
                    kind(other)
                ));
            }
        }
        if ports.len() > MOST {
            return Err(format!("there are more than {MOST}"));
        }
    }
    Ok(ports)
}

/// `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]`, with ranges on both sides.
fn short(port: &str, ports: &mut Vec<Port>) -> Result<(), String> {
    let wrong = || {
        format!(
            "`{}` is no port: [[ADDRESS:]HOST:]CONTAINER[/udp], with ranges such as 8000-8010",
            shown(port)
        )
    };
    let (rest, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let transport = transport(protocol)?;
    let (rest, guest) = match rest.rsplit_once(':') {
        Some((rest, guest)) => (Some(rest), guest),
        None => (None, rest),
    };
    let (address, host) = match rest {
        None => (None, None),
        Some(rest) => match rest.rsplit_once(':') {
            Some((address, host)) => (Some(address), Some(host)),
            None => (None, Some(rest)),
        },
    };
    let address = match address.filter(|address| !address.is_empty()) {
        None => None,
        Some(address) => {
            let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']'));
            Some(bare.unwrap_or(address).parse().map_err(|_| wrong())?)
        }
    };
    let (first, last) = range(guest).ok_or_else(wrong)?;
    let count = last.saturating_sub(first);
    let host = match host.filter(|host| !host.is_empty()) {
        None => None,
        Some(host) => Some(range(host).ok_or_else(wrong)?),
    };
    for (step, guest) in (first..=last).enumerate() {
        let host = match host {
            None => None,
            Some((from, to)) if to.saturating_sub(from) == count => u16::try_from(step)
                .ok()
                .and_then(|step| from.checked_add(step)),
            // Several of the host's for one: any of them.
            Some((from, _)) if count == 0 => Some(from),
            Some(_) => return Err(format!("`{}`: its ranges differ in length", shown(port))),
        };
        if ports.len() > MOST {
            break;
        }
        ports.push(Port {
            address,
            host,
            guest,
            transport,
        });
    }
    Ok(())
}

fn long(map: &serde_json::Map<String, Value>, ports: &mut Vec<Port>) -> Result<(), String> {
    let field = |name: &str| map.get(name).filter(|value| !value.is_null()).map(text);
    let target = field("target").ok_or("a port has no `target`")??;
    let mut port = target;
    if let Some(published) = field("published").transpose()?.filter(|p| !p.is_empty()) {
        port = format!("{published}:{port}");
        if let Some(address) = field("host_ip").transpose()?.filter(|ip| !ip.is_empty()) {
            let address = match address.contains(':') && !address.starts_with('[') {
                true => format!("[{address}]"),
                false => address,
            };
            port = format!("{address}:{port}");
        }
    }
    if let Some(protocol) = field("protocol").transpose()? {
        port = format!("{port}/{protocol}");
    }
    short(&port, ports)
}

fn transport(protocol: &str) -> Result<Transport, String> {
    match protocol {
        "tcp" | "" => Ok(Transport::Tcp),
        "udp" => Ok(Transport::Udp),
        other => Err(format!("`{}` is neither tcp nor udp", shown(other))),
    }
}

/// `80` or `80-90`.
fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last && first > 0).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_ways_of_writing_them() {
        let read = |value: Value| {
            let ports = ports(&json!([value]));
            ports.map(|ports| {
                let shown = |port: &Port| {
                    let address = port.address.map_or(String::new(), |a| a.to_string());
                    let host = port.host.map_or(String::new(), |port| port.to_string());
                    let udp = if port.transport == Transport::Udp {
                        "/udp"
                    } else {
                        ""
                    };
                    format!("{address}|{host}|{}{udp}", port.guest)
                };
                ports.iter().map(shown).collect::<Vec<_>>().join(" ")
            })
        };
        for (value, expected) in [
            (json!("8080:80"), "|8080|80"),
            (json!(80), "||80"),
            (json!("127.0.0.1:8080:80/udp"), "127.0.0.1|8080|80/udp"),
            (json!("[::1]:8080:80"), "::1|8080|80"),
            (json!("127.0.0.1::80"), "127.0.0.1||80"),
            (json!("9000-9001:80-81"), "|9000|80 |9001|81"),
            (json!("9000-9010:80"), "|9000|80"),
            (
                json!({ "target": 80, "published": "8080", "host_ip": "::1" }),
                "::1|8080|80",
            ),
            (
                json!({ "target": 53, "protocol": "udp", "mode": "host" }),
                "||53/udp",
            ),
        ] {
            assert_eq!(read(value.clone()).as_deref(), Ok(expected), "{value}");
        }
        for wrong in [
            json!("x:80"),
            json!("80:90:100:110"),
            json!("8000-8001:80-90"),
            json!("70000"),
            json!("0:0"),
            json!("80/sctp"),
            json!({ "published": 80 }),
            json!([80]),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
        assert!(ports(&json!(["1-65535", "1-65535"])).is_err());
    }
}
