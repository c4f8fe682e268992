//! The style sheet: what is written can be read, in both schemes.

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../../src/report/html/style.css");

/// The colours of a scheme: the light one, with what the dark one puts in its place.
fn colours(dark: bool) -> BTreeMap<&'static str, &'static str> {
    let (light, rest) = STYLE.split_once("@media (prefers-color-scheme: dark)").unwrap();
    let block = rest.split_once("*, *::before").unwrap().0;
    let both = if dark { vec![light, block] } else { vec![light] };
    let lines =
        both.into_iter().flat_map(str::lines).filter_map(|line| line.trim().strip_prefix("--"));
    lines.filter_map(|line| line.trim_end_matches(';').split_once(": ")).collect()
}

/// Source: <https://www.w3.org/TR/WCAG21/#dfn-relative-luminance>
fn luminance(colour: &str) -> f64 {
    let part = |i: usize| f64::from(u8::from_str_radix(&colour[i..i + 2], 16).unwrap()) / 255.0;
    let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    0.2126 * linear(part(1)) + 0.7152 * linear(part(3)) + 0.0722 * linear(part(5))
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_has_the_contrast_that_wcag_aa_asks_for_in_both_schemes() {
    let pairs = [
        ("ink", &["ground", "card", "wash", "dirty-wash"][..]),
        ("muted", &["ground", "card", "wash"]),
        ("accent", &["ground", "card", "wash"]),
        ("on-accent", &["accent"]),
        ("dirty", &["card"]),
        ("waiting", &["card"]),
        ("clean", &["card"]),
        ("keyword", &["wash"]),
        ("string", &["wash"]),
        ("number", &["wash"]),
        ("comment", &["wash"]),
        ("parameter", &["wash"]),
    ];
    for dark in [false, true] {
        let colours = colours(dark);
        for (text, grounds) in pairs {
            for ground in grounds {
                let ratio = contrast(colours[text], colours[ground]);
                assert!(ratio >= 4.5, "{text} on {ground}: {ratio:.2}, dark: {dark}");
            }
        }
        for part in ["edge", "dirty", "waiting-bar", "clean", "accent"] {
            let ratio = contrast(colours[part], colours["card"]);
            assert!(ratio >= 3.0, "{part} on the card: {ratio:.2}, dark: {dark}");
        }
    }
}

#[test]
fn black_on_white_is_the_highest_contrast() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
    assert!((contrast("#777777", "#ffffff") - 4.48).abs() < 0.01);
}

#[test]
fn every_width_that_a_picture_can_have_is_in_the_style() {
    for width in [880, 2400, 6000, 12_000, 24_000] {
        assert!(STYLE.contains(&format!(".w{width} {{ min-width: {width}px; }}")), "{width}");
    }
}
