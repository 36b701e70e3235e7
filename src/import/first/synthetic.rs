//! Values of people become values of nobody, of the same shape.
//!
//! **Invariant.** One value always becomes the same; two values become two; and none becomes itself, unless there is
//! nothing in it to change.

/// For the part of an address before the `@`.
const NAMES: [&str; 6] = ["ana", "ben", "cleo", "dan", "eva", "finn"];
pub(super) const DOMAIN: &str = "example.org";

/// Remembers what became of each value of one credential.
#[derive(Debug, Default)]
pub(super) struct Synthetic(Vec<(String, String)>);

impl Synthetic {
    /// The value that stands for another.
    pub(super) fn of(&mut self, value: &str) -> String {
        if let Some((_, made)) = self.0.iter().find(|(known, _)| known == value) {
            return made.clone();
        }
        let is_free = |made: &String| made != value && !self.0.iter().any(|(_, known)| known == made);
        let made = (0..64).map(|turn| make(value, turn)).find(is_free);
        // Nothing to change, or more values of one shape than there are.
        let made = made.unwrap_or_else(|| make(value, self.0.len()));
        self.0.push((value.to_owned(), made.clone()));
        made
    }
}

fn make(value: &str, turn: usize) -> String {
    if let Some((local, domain)) = value.rsplit_once('@')
        && !local.is_empty()
        && domain.contains('.')
        && !value.contains(char::is_whitespace)
    {
        let name = NAMES.get(turn % NAMES.len()).copied().unwrap_or_default();
        let number = turn / NAMES.len();
        return if number == 0 { format!("{name}@{DOMAIN}") } else { format!("{name}{number}@{DOMAIN}") };
    }
    if is_distinguished_name(value) {
        return rdns(value, turn);
    }
    let is_hex = value.len() >= 8 && value.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    shape(value, turn, is_hex)
}

/// Letters for letters, digits for digits; what separates stays.
fn shape(value: &str, turn: usize, hex: bool) -> String {
    let letters = if hex { 6 } else { 26 };
    let mut place = turn;
    let mut step = |base: u8, count: usize| {
        let offset = u8::try_from(place % count).unwrap_or(0);
        place += 1;
        char::from(base + offset)
    };
    value
        .chars()
        .map(|c| match c {
            '0' => '0',
            c if c.is_numeric() => step(b'1', 9),
            c if c.is_uppercase() => step(b'A', letters),
            c if c.is_alphabetic() => step(b'a', letters),
            c => c,
        })
        .collect()
}

/// `CN=…,OU=…`: a type, an equals sign, a value.
fn is_distinguished_name(value: &str) -> bool {
    let is_type =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    let parts = value.split(',').filter(|part| part.split_once('=').is_some_and(|(name, _)| is_type(name.trim())));
    value.contains(',') && parts.count() > 1
}

/// The types stay, and so does an escaped separator.
fn rdns(value: &str, turn: usize) -> String {
    let mut made = String::new();
    let mut in_value = false;
    let mut part = String::new();
    let mut escaped = false;
    for c in value.chars().chain([',']) {
        let separates = !escaped && (c == ',' || c == '+');
        escaped = c == '\\' && !escaped;
        match (in_value, separates) {
            (true, true) => {
                made.push_str(&shape(&part, turn, false));
                part.clear();
                made.push(c);
                in_value = false;
            }
            (true, false) => part.push(c),
            (false, _) => {
                made.push(c);
                in_value = c == '=';
            }
        }
    }
    made.pop();
    made
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_keeps_its_shape() {
        for (value, expected) in [
            ("maria.silva@corp.example", "ana@example.org"),
            ("Maria Silva", "Abcde Fghij"),
            ("004711", "001234"),
            ("CORP\\msilva", "ABCD\\efghij"),
            ("CN=Maria Silva,OU=HR,DC=corp", "CN=Abcde Fghij,OU=AB,DC=abcd"),
            ("CN=Silva\\, Maria,OU=HR", "CN=Abcde\\, Fghij,OU=AB"),
            ("3f2c9a10-77aa", "1b3d5f70-89de"),
            ("+351 21 000", "+123 45 000"),
            ("not an address@x", "abc de fghijkl@m"),
            ("", ""),
            ("---", "---"),
        ] {
            assert_eq!(Synthetic::default().of(value), expected, "{value}");
        }
    }

    #[test]
    fn one_value_is_one_and_two_are_two() {
        let mut synthetic = Synthetic::default();
        let values = ["a@x.example", "b@x.example", "a@x.example", "ana@example.org", "12", "34"];
        let made: Vec<String> = values.map(|value| synthetic.of(value)).into();
        let expected = ["ana@example.org", "ben@example.org", "ana@example.org", "cleo@example.org", "23", "12"];
        assert_eq!(made, expected);
    }

    proptest! {
        #[test]
        fn no_word_of_a_person_is_left(value in "[A-Za-z0-9@.,=\\\\+ -]{0,24}") {
            let made = Synthetic::default().of(&value);
            let has_more_than_zero = value.chars().any(|c| c.is_alphabetic() || matches!(c, '1'..='9'));
            if has_more_than_zero && !is_distinguished_name(&value) {
                prop_assert_ne!(made, value);
            }
        }
    }
}
