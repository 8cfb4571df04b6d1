//! What can be told about an alert by looking at it alone: addresses, roles, the machine it is about, reputations.

use crate::{Network, Role};
use std::borrow::Cow;
use std::net::IpAddr;
use watchfire_signal::{Alert, Field, Format, Indicator, IndicatorKind, Reputation};

/// Answers what is known of an indicator.
pub trait Reputations {
    /// What is known of it, at once.
    fn reputation(&self, indicator: Indicator<'_>) -> Reputation;
}

/// Knows nothing: every answer is [`Reputation::NotAsked`].
impl Reputations for () {
    fn reputation(&self, _: Indicator<'_>) -> Reputation {
        Reputation::NotAsked
    }
}

/// What one alert says, worked out once.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The source's address.
    pub source: Option<IpAddr>,
    /// The destination's address.
    pub destination: Option<IpAddr>,
    /// What the source is to us.
    pub source_role: Role,
    /// What the destination is to us.
    pub destination_role: Role,
    /// What is known of the source's address.
    pub source_reputation: Reputation,
    /// What is known of the destination: the worst of its address and its name.
    pub destination_reputation: Reputation,
    /// The worst that is known of any indicator in the alert.
    pub reputation: Reputation,
    /// The machine (or account) of ours that the alert is about; empty if there is none.
    pub asset: Cow<'a, str>,
    /// Who acted: the source, else the user, else the asset.
    pub actor: Cow<'a, str>,
}

impl<'a> Facts<'a> {
    /// Works out what `alert` says.
    pub fn of(alert: &'a Alert<'_>, network: &Network, reputations: &dyn Reputations) -> Self {
        let source = parse_ip(alert.get(Field::SourceIp));
        let destination = parse_ip(alert.get(Field::DestinationIp));
        let (source_role, destination_role) = network.roles(source, destination);

        let ask = |kind, value: Option<&str>| {
            value.map_or(Reputation::NotAsked, |value| reputations.reputation(Indicator { kind, value }))
        };
        let ask_ip = |role: Role, field| match role {
            Role::External => ask(IndicatorKind::Ip, alert.get(field)),
            Role::None | Role::Internal | Role::SameHost => Reputation::NotAsked,
        };
        let source_reputation = ask_ip(source_role, Field::SourceIp);
        let named = ask(IndicatorKind::Domain, alert.get(Field::DestinationDomain))
            .max(ask(IndicatorKind::Domain, alert.get(Field::DnsQuestion)));
        let destination_reputation = ask_ip(destination_role, Field::DestinationIp).max(named);
        let url = alert.get(Field::Url).filter(|url| url.contains("://"));
        let reputation = source_reputation
            .max(destination_reputation)
            .max(ask(IndicatorKind::Url, url))
            .max(ask(IndicatorKind::Hash, alert.get(Field::FileHash)))
            .max(ask(IndicatorKind::Cve, alert.get(Field::Vulnerability)));

        let internal = |role, field| {
            (role == Role::Internal || role == Role::SameHost).then(|| alert.get(field)).flatten()
        };
        // A network sensor speaks of others: its own name is what is left when it names none of our machines.
        let own = alert.get(Field::Host);
        let theirs = || {
            internal(destination_role, Field::DestinationIp)
                .or_else(|| internal(source_role, Field::SourceIp))
        };
        let seen = if is_sensor(alert) { theirs().or(own) } else { own.or_else(theirs) };
        let asset = seen
            .or_else(|| alert.get(Field::CloudAccount))
            .or_else(|| alert.get(Field::DestinationDomain))
            .or_else(|| alert.get(Field::DestinationIp))
            .unwrap_or_default();
        let actor = alert
            .get(Field::SourceIp)
            .or_else(|| alert.get(Field::SourceDomain))
            .or_else(|| alert.get(Field::User))
            .unwrap_or(asset);
        Self {
            source,
            destination,
            source_role,
            destination_role,
            source_reputation,
            destination_reputation,
            reputation,
            asset: Cow::Borrowed(asset),
            actor: Cow::Borrowed(actor),
        }
    }
}

/// Whether the alert's host is the one that watches rather than the one that is watched: network sensors and firewalls.
fn is_sensor(alert: &Alert<'_>) -> bool {
    const SENSOR_GROUPS: [&str; 5] = ["ids", "suricata", "snort", "firewall", "zeek"];
    matches!(alert.format, Format::SuricataEve | Format::Zeek | Format::Cef)
        || alert.groups.iter().any(|group| SENSOR_GROUPS.contains(&group.as_ref()))
}

/// An address, also with brackets or an IPv6 zone.
fn parse_ip(text: Option<&str>) -> Option<IpAddr> {
    let text = text?;
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    text.split('%').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Facts;
    use crate::{Network, Role};
    use watchfire_signal::{Alert, Field, Format};

    #[test]
    fn an_inbound_alert_is_about_the_machine_that_was_reached() {
        let mut alert = Alert::new(Format::SuricataEve, "");
        alert.set(Field::SourceIp, "203.0.113.9");
        alert.set(Field::DestinationIp, "10.0.0.5");
        let facts = Facts::of(&alert, &Network::default(), &());
        assert_eq!((facts.source_role, facts.destination_role), (Role::External, Role::Internal));
        assert_eq!((facts.asset.as_ref(), facts.actor.as_ref()), ("10.0.0.5", "203.0.113.9"));
    }

    #[test]
    fn an_outbound_alert_is_about_the_machine_that_acted() {
        let mut alert = Alert::new(Format::SuricataEve, "");
        alert.set(Field::SourceIp, "10.0.0.5");
        alert.set(Field::DestinationIp, "203.0.113.9");
        assert_eq!(Facts::of(&alert, &Network::default(), &()).asset, "10.0.0.5");
    }

    #[test]
    fn a_sensor_is_not_what_its_alert_is_about() {
        let mut alert = Alert::new(Format::SuricataEve, "");
        alert.set(Field::Host, "sensor-1");
        assert_eq!(Facts::of(&alert, &Network::default(), &()).asset, "sensor-1");
        alert.set(Field::DestinationIp, "10.0.0.5");
        assert_eq!(Facts::of(&alert, &Network::default(), &()).asset, "10.0.0.5");
    }

    #[test]
    fn an_alert_without_addresses_is_about_its_host_or_nothing() {
        let mut alert = Alert::new(Format::Falco, "");
        assert_eq!(Facts::of(&alert, &Network::default(), &()).asset, "");
        alert.set(Field::Host, "web-1");
        alert.set(Field::SourceIp, "not an address");
        let facts = Facts::of(&alert, &Network::default(), &());
        assert_eq!((facts.asset.as_ref(), facts.source_role), ("web-1", Role::None));
    }
}
