use super::super::arena::{Arena, Cdata, Comments, Limits};
use super::*;

const LENIENT: Limits = Limits { comments: Comments::Drop, cdata: Cdata::AsText, ..Limits::MESSAGE };

/// The canonical form of the first element of that local name, without the subtree of the element called `omit`.
fn canonical_of(text: &str, local: &str, prefixes: &[&str]) -> String {
    let arena = Arena::parse(text, &LENIENT).unwrap();
    let named = |local: &str| arena.elements().find(|element| element.expanded_name().ends_with(local));
    let prefixes: Vec<_> = prefixes.iter().filter_map(|prefix| arena.prefix(prefix)).collect();
    let mut out = Vec::new();
    canonicalize(named(local).unwrap(), named("omit").map(Element::id), &prefixes, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn canonical(text: &str) -> String {
    let root = text.trim_start_matches('<').split([' ', '>', '/']).next().unwrap();
    canonical_of(text, root.rsplit(':').next().unwrap(), &[])
}

#[test]
fn a_canonical_document_stays_as_it_is() {
    for text in [
        "<a></a>",
        "<a b=\"c\" d=\"&lt;&amp;&quot;&#x9;&#xA;&#xD;'>\">&amp;&lt;&gt;&#xD;\"'\n\t </a>",
        "<a xmlns=\"urn:a\" b=\"c\"><d e=\"f\"></d></a>",
        "<a:b xmlns:a=\"urn:a\"><a:c><d xmlns=\"urn:d\"></d></a:c></a:b>",
        "<a xmlns=\"urn:a\"><b xmlns=\"\"><c xmlns=\"urn:a\"></c></b></a>",
    ] {
        assert_eq!(canonical(text), text);
    }
}

/// Canonical XML 1.0 sections 1.1 and 2.3: what every canonicalisation makes alike.
#[test]
fn markup_is_normalised() {
    assert_eq!(canonical("<a/>"), "<a></a>");
    assert_eq!(canonical("<a  d = '1'\n\tb='2'  ></a >"), "<a b=\"2\" d=\"1\"></a>");
    assert_eq!(canonical("<a>x<!-- c -->y<![CDATA[<&>]]></a>"), "<a>xy&lt;&amp;&gt;</a>");
    assert_eq!(canonical("<a>\r\nb\r&#13;</a>"), "<a>\nb\n&#xD;</a>");
    assert_eq!(canonical("<a b='\r\n\t\"&#13;&#10;&#9;'/>"), "<a b=\"  &quot;&#xD;&#xA;&#x9;\"></a>");
    assert_eq!(canonical("<a b='&#x26;&#60;&gt;é'>&#xE9;&apos;</a>"), "<a b=\"&amp;&lt;>é\">é'</a>");
    assert_eq!(canonical("<a>1 &gt; 0 > -1</a>"), "<a>1 &gt; 0 &gt; -1</a>");
}

#[test]
fn attributes_are_sorted_by_namespace_then_name_behind_the_declarations() {
    let text =
        "<e:a z='1' c:q='2' b:q='3' a='4' xml:lang='5' xmlns:b='urn:b' xmlns:c='urn:a' xmlns:e='urn:e' xmlns='urn:0'/>";
    let expected = "<e:a xmlns:b=\"urn:b\" xmlns:c=\"urn:a\" xmlns:e=\"urn:e\" a=\"4\" z=\"1\" xml:lang=\"5\" c:q=\"2\" b:q=\"3\"></e:a>";
    assert_eq!(canonical(text), expected);
}

/// Exclusive XML Canonicalization 1.0 section 2.2: a subtree keeps its form when what is around it changes.
#[test]
fn only_what_is_visibly_used_is_declared() {
    let inner = "<n:inner><n:x a:y='1' z='2'/></n:inner>";
    let alone = "<n:inner xmlns:n=\"urn:n\"><n:x xmlns:a=\"urn:a\" z=\"2\" a:y=\"1\"></n:x></n:inner>";
    for around in [
        format!("<r xmlns:n='urn:n' xmlns:a='urn:a'>{inner}</r>"),
        format!("<r xmlns='urn:r' xmlns:n='urn:n' xmlns:a='urn:a' xmlns:u='urn:u' xml:lang='en'>{inner}</r>"),
        format!("<n:r xmlns:n='urn:n'><q xmlns:a='urn:0'><p xmlns:a='urn:a'>{inner}</p></q></n:r>"),
    ] {
        assert_eq!(canonical_of(&around, "inner", &[]), alone, "{around}");
    }
}

#[test]
fn a_declaration_is_written_again_where_the_output_lost_it() {
    let text = "<a:r xmlns:a='urn:a' xmlns:b='urn:b'><a:x b:y=''/><a:x b:y=''><b:z/></a:x></a:r>";
    let expected = "<a:r xmlns:a=\"urn:a\"><a:x xmlns:b=\"urn:b\" b:y=\"\"></a:x>\
                    <a:x xmlns:b=\"urn:b\" b:y=\"\"><b:z></b:z></a:x></a:r>";
    assert_eq!(canonical(text), expected);
    let rebound = "<a:r xmlns:a='urn:1'><a:s xmlns:a='urn:2'><a:t xmlns:a='urn:2'/></a:s><a:u/></a:r>";
    let expected = "<a:r xmlns:a=\"urn:1\"><a:s xmlns:a=\"urn:2\"><a:t></a:t></a:s><a:u></a:u></a:r>";
    assert_eq!(canonical(rebound), expected);
}

#[test]
fn the_default_namespace_is_undeclared_only_where_it_was_declared() {
    assert_eq!(canonical("<a xmlns=''><b xmlns=''/></a>"), "<a><b></b></a>");
    // An element with a prefix does not use the default namespace, so nothing was written to undo.
    let text = "<p:a xmlns:p='urn:p' xmlns='urn:d'><b xmlns=''/></p:a>";
    assert_eq!(canonical(text), "<p:a xmlns:p=\"urn:p\"><b></b></p:a>");
    let text = "<a xmlns='urn:d'><p:b xmlns:p='urn:p'><c xmlns=''/></p:b></a>";
    assert_eq!(canonical(text), "<a xmlns=\"urn:d\"><p:b xmlns:p=\"urn:p\"><c xmlns=\"\"></c></p:b></a>");
}

/// Exclusive XML Canonicalization 1.0 section 3, `InclusiveNamespaces PrefixList`.
#[test]
fn listed_prefixes_are_declared_as_in_inclusive_canonicalisation() {
    let text = "<r xmlns='urn:d' xmlns:a='urn:a' xmlns:b='urn:b' xmlns:c='urn:c'><a:apex><a:x xmlns:b='urn:2'><b:y/></a:x></a:apex></r>";
    let exclusive = "<a:apex xmlns:a=\"urn:a\"><a:x><b:y xmlns:b=\"urn:2\"></b:y></a:x></a:apex>";
    assert_eq!(canonical_of(text, "apex", &[]), exclusive);
    let listed = "<a:apex xmlns:a=\"urn:a\" xmlns:b=\"urn:b\"><a:x xmlns:b=\"urn:2\"><b:y></b:y></a:x></a:apex>";
    assert_eq!(canonical_of(text, "apex", &["b"]), listed);
    let listed = "<a:apex xmlns=\"urn:d\" xmlns:a=\"urn:a\"><a:x><b:y xmlns:b=\"urn:2\"></b:y></a:x></a:apex>";
    assert_eq!(canonical_of(text, "apex", &["", "a", "xml", "unknown"]), listed);
    let text = "<r xmlns='urn:d'><p:apex xmlns:p='urn:p'><p:x xmlns=''><p:y xmlns='urn:d'/></p:x></p:apex></r>";
    let listed = "<p:apex xmlns=\"urn:d\" xmlns:p=\"urn:p\"><p:x xmlns=\"\"><p:y xmlns=\"urn:d\"></p:y></p:x></p:apex>";
    assert_eq!(canonical_of(text, "apex", &[""]), listed);
}

#[test]
fn the_enveloped_signature_is_left_out_with_all_below_it() {
    let text = "<a>1<omit>2<b/></omit>3<c/></a>";
    assert_eq!(canonical(text), "<a>13<c></c></a>");
    assert_eq!(canonical("<a><b/><omit><c><d/></c></omit></a>"), "<a><b></b></a>");
    assert_eq!(canonical("<a><b><omit/></b><omit2/></a>"), "<a><b></b><omit2></omit2></a>");
}

#[test]
fn a_form_may_be_several_times_as_long_as_its_document() {
    let name = format!("urn:{}", "x".repeat(250));
    let text = format!("<a xmlns:p='{name}'>{}</a>", "<p:b/>".repeat(3_000));
    let arena = Arena::parse(&text, &Limits::MESSAGE).unwrap();
    let mut out = Vec::new();
    canonicalize(arena.root().unwrap(), None, &[], &mut out).unwrap();
    assert!(out.len() > 6 * Limits::MESSAGE.bytes, "{}", out.len());
}

#[test]
fn a_form_that_outgrows_its_document_is_not_finished() {
    let name = format!("urn:{}", "x".repeat(250));
    let text = format!("<a xmlns:p='{name}'>{}</a>", "<p:b/>".repeat(10_000));
    let arena = Arena::parse(&text, &Limits::MESSAGE).unwrap();
    let mut out = Vec::new();
    assert_eq!(canonicalize(arena.root().unwrap(), None, &[], &mut out), Err(TooLong));
    assert!(out.len() < LONGEST + 1024);
}
