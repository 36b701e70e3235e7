//! "Did you mean".

/// Below this two words are not the same word misspelt.
const NEAR: f64 = 0.75;

/// The candidate that `word` is most likely a misspelling of, if any is near enough. Case does not count.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let likeness = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let same_letters = strsim::normalized_damerau_levenshtein(&word, &candidate);
        // Short words differ by one letter and half their length: only a swapped or missing letter counts there.
        if word.chars().count() <= 4 {
            same_letters + 0.1
        } else {
            same_letters.max(strsim::jaro_winkler(&word, &candidate) - 0.1)
        }
    };
    candidates
        .into_iter()
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// The candidate that a long name is a slip of: the same with at most two letters wrong, in its last segment or before
/// it, not in both. Numbers are never slips: one digit more is another object identifier.
pub fn slip<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const SHORTEST: usize = 5;
    let (folder, last) = split_last(name);
    if last.len() < SHORTEST || !last.bytes().any(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let distance = |a: &str, b: &str| (a.len().abs_diff(b.len()) <= 2).then(|| strsim::damerau_levenshtein(a, b));
    let far = |candidate: &str| {
        let (its_folder, its_last) = split_last(candidate);
        let far = match (folder == its_folder, last == its_last) {
            (true, false) if its_last.len() >= SHORTEST => distance(last, its_last),
            (false, true) if !folder.is_empty() => distance(folder, its_folder),
            (_, _) => None,
        };
        far.filter(|far| *far <= 2)
    };
    let near = candidates.into_iter().filter_map(|candidate| Some((far(candidate)?, candidate)));
    near.min_by_key(|(far, _)| *far).map(|(_, candidate)| candidate)
}

fn split_last(name: &str) -> (&str, &str) {
    let start = name.rfind(['/', ':', '#']).map_or(0, |at| at + 1);
    name.split_at_checked(start).unwrap_or((name, ""))
}

/// Bytes of a name that are looked at; the rest of a longer one is not.
const LOOKED_AT: usize = 256;
/// Pairs of letters that are compared for one name, about: some milliseconds. Senders choose names and how many.
const MOST_PAIRS: usize = 2 << 20;

/// The candidates that are most like `name`, best first, at most `limit`, none that is quite different. Names are
/// compared as a whole and by their last segment: sources agree on `mail` and differ in what stands before it.
///
/// Bounded: of many long candidates the last are not looked at.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>, limit: usize) -> Vec<&'a str> {
    const ALIKE: f64 = 0.6;
    fn last_segment(name: &str) -> &str {
        name.rsplit(['/', ':', '#', '.']).next().unwrap_or(name)
    }
    let name = beginning(name).to_lowercase();
    let mut left = MOST_PAIRS;
    let mut likeness = |candidate: &str| {
        let candidate = beginning(candidate).to_lowercase();
        left = left.checked_sub(name.len().saturating_mul(candidate.len()))?;
        // A common prefix makes names of one family alike; the last segment tells them apart.
        let last = 0.75 * strsim::jaro_winkler(last_segment(&name), last_segment(&candidate));
        if last + 0.25 < ALIKE {
            return Some(0.0);
        }
        Some(0.25f64.mul_add(strsim::normalized_damerau_levenshtein(&name, &candidate), last))
    };
    let compared = candidates.into_iter().map_while(|candidate| Some((likeness(candidate)?, candidate)));
    let mut alike: Vec<_> = compared.filter(|(likeness, _)| *likeness >= ALIKE).collect();
    alike.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    alike.into_iter().map(|(_, candidate)| candidate).take(limit).collect()
}

fn beginning(name: &str) -> &str {
    let end = name.char_indices().map(|(at, _)| at).find(|at| *at >= LOOKED_AT);
    end.and_then(|end| name.get(..end)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_never_a_number() {
        let known = ["http://s.example/claims/emailaddress", "urn:oid:2.5.4.20", "http://s.example/claims/sid"];
        for (name, expected) in [
            ("http://s.example/claims/emailadress", Some(known[0])),
            ("http://s.example/claims/EmailAddress", Some(known[0])),
            ("https://s.example/claims/emailaddress", Some(known[0])),
            ("http://s.example/claims/mail", None),
            ("http://s.example/claims/pid", None),
            ("urn:oid:2.5.4.21", None),
            ("http://other.example/claims/emailaddress", None),
            ("emailadress", None),
            (known[0], None),
        ] {
            assert_eq!(slip(name, known), expected, "{name}");
        }
    }

    #[test]
    fn a_misspelt_word_finds_its_neighbour() {
        let keys = ["attributes", "audience", "audiences", "claims", "subject", "mail", "upn"];
        for (word, expected) in [
            ("atributes", Some("attributes")),
            ("Claims", Some("claims")),
            ("subjet", Some("subject")),
            ("audiance", Some("audience")),
            ("mial", Some("mail")),
            ("unp", Some("upn")),
            ("zebra", None),
            ("", None),
            ("phone", None),
        ] {
            assert_eq!(suggest(word, keys), expected, "{word}");
        }
    }

    #[test]
    fn names_of_a_source_are_compared_by_their_last_segment() {
        let sent = [
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/UPN",
            "urn:oid:0.9.2342.19200300.100.1.3",
            "http://schemas.xmlsoap.org/claims/Group",
        ];
        assert_eq!(nearest("http://schemas.xmlsoap.org/claims/upn", sent, 1), [sent[1]]);
        assert_eq!(nearest("http://schemas.xmlsoap.org/claims/Groups", sent, 1), [sent[3]]);
        assert!(nearest("department", sent, 3).is_empty());
    }

    #[test]
    fn what_senders_may_multiply_is_compared_within_bounds() {
        let long = format!("urn:{}", "é".repeat(100_000));
        assert_eq!(nearest(&long, [long.as_str(), "urn:x"], 3), [long.as_str()]);
        // Behind so many pairs nothing is looked at.
        let name = "x".repeat(LOOKED_AT);
        let before = "y".repeat(LOOKED_AT);
        let many = |count: usize| std::iter::repeat_n(before.as_str(), count).chain([name.as_str()]);
        let looks = MOST_PAIRS / (LOOKED_AT * LOOKED_AT);
        assert_eq!(nearest(&name, many(looks - 1), 1), [name.as_str()]);
        assert!(nearest(&name, many(looks), 1).is_empty());
    }
}
