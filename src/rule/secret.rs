//! Secrets that messages must not repeat, such as a webhook's address.

/// The text with everything after the host of each address hidden, and user names and passwords too. Byte
/// offsets do not change, so places in the text stay valid.
pub(super) fn hidden(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(begin) = rest.find("://") {
        let (before, address) = rest.split_at(begin + 3);
        let end = address.find(is_end).unwrap_or(address.len());
        let (address, after) = address.split_at(end);
        let authority = address.find(['/', '?', '#']).unwrap_or(address.len());
        let public = match address[..authority].contains('@') {
            true => 0,
            false => address.len().min(authority + 1),
        };
        shown.push_str(before);
        shown.push_str(&address[..public]);
        shown.push_str(&"*".repeat(address.len() - public));
        rest = after;
    }
    shown + rest
}

fn is_end(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_host_is_shown_and_nothing_else() {
        for (text, shown) in [
            ("url = \"https://a.example/T0/é\" # x", "url = \"https://a.example/*****\" # x"),
            ("'http://u:pw@a.example/x', 'b'", "'http://****************', 'b'"),
            ("http://localhost:9050 ftp://x/", "http://localhost:9050 ftp://x/"),
            ("https://a?key=1\nhttps://b#c", "https://a?*****\nhttps://b#*"),
            ("no address: a//b", "no address: a//b"),
        ] {
            assert_eq!(hidden(text), shown);
            assert_eq!(hidden(text).len(), text.len());
        }
    }
}
