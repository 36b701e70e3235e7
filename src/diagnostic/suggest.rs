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

#[cfg(test)]
mod tests {
    use super::*;

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
}
