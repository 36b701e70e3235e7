//! Host names.

use std::net::Ipv4Addr;

/// Labels of lower-case letters, digits and inner hyphens (RFC 1123 section 2.1), written as every client writes them. An
/// IPv4 address looks the same.
pub(in crate::config) fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// A host that is no address.
pub(in crate::config) fn is_host_name(text: &str) -> bool {
    is_host(text) && text.parse::<Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_has_labels_and_nothing_else() {
        let longest = ["a".repeat(63).as_str(); 4].join(".")[..253].to_owned();
        for name in ["localhost", "payroll.example", "a-1.b.example", "xn--brcke-lva.example", &longest] {
            assert!(is_host_name(name), "{name}");
        }
        let (long_label, long) = ("a".repeat(64), format!("{longest}a"));
        for text in [
            "",
            ".",
            "payroll.example.",
            ".example",
            "a..b",
            "-a.example",
            "a-.example",
            "Payroll.example",
            "brücke.example",
            "payroll_1.example",
            "payroll.example:443",
            "https://payroll.example",
            "payroll.example/x",
            "a b",
            "10.0.0.1",
            "::1",
            &long_label,
            &long,
        ] {
            assert!(!is_host_name(text), "{text}");
        }
        assert!(is_host("10.0.0.1"));
    }
}
