//! A profile as one page of HTML: a timeline, and a bar of the measured beside the predicted time for each place.

use super::{PlaceTime, Profile};
use cloakwork_passes::predict_time::WorkKind;
use std::fmt::Write;

/// Units across the timeline.
const WIDTH: f64 = 1000.0;

const STYLE: &str = "body{font:14px system-ui,sans-serif;margin:2em auto;max-width:70em;color:#222}\
svg{width:100%;background:#f3f3f3}table{border-collapse:collapse;width:100%}td,th{padding:.2em .6em;text-align:right}\
td:last-child,th:last-child{text-align:left;font-family:monospace}tr:nth-child(even){background:#f7f7f7}\
.keyswitch{fill:#e0a030;background:#e0a030}.bootstrap{fill:#3568b8;background:#3568b8}.linear{fill:#3c9a5f;background:#3c9a5f}\
.key{display:inline-block;width:1em;height:1em;margin:0 .3em 0 1em}";

pub(super) fn html(profile: &Profile) -> String {
    let name = escaped(&profile.function);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{name}</title><style>{STYLE}</style>\n<h1>{name}</h1>\n"
    );
    let [busy, waiting] = [profile.busy, profile.waiting].map(milliseconds);
    page += &format!(
        "<p>{} ms on {} threads; processors were busy for {busy} ms and waited for {waiting} ms.</p>\n",
        milliseconds(profile.seconds),
        profile.threads
    );
    page += "<p>";
    for (name, seconds) in profile.kinds() {
        let share = 100.0 * seconds / profile.seconds;
        page +=
            &format!("<span class=\"key {name}\"></span>{name} {} ms, {share:.0} %", milliseconds(seconds));
    }
    page += "</p>\n<h2>Timeline</h2>\n";
    page += &timeline(profile);
    page += "<h2>Places</h2>\n<table><tr><th>ms</th><th>keyswitch</th><th>bootstrap</th><th>linear</th><th>busy</th>\
             <th>predicted</th><th>busy / predicted</th><th>place</th></tr>\n";
    profile.by_place().iter().for_each(|place| page += &row(place));
    page += "</table>\n</html>\n";
    page
}

fn timeline(profile: &Profile) -> String {
    let (scale, lanes) = (WIDTH / profile.seconds.max(f64::MIN_POSITIVE), 3);
    let mut drawing = format!("<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\">\n", lanes * 30 + 20);
    for operation in &profile.operations {
        let (lane, class) = match operation.kind {
            WorkKind::Keyswitch => (0, "keyswitch"),
            WorkKind::Bootstrap => (1, "bootstrap"),
            WorkKind::Sum | WorkKind::Elementwise => (2, "linear"),
        };
        let predicted =
            operation.predicted.map_or("nothing".to_owned(), |time| format!("{} ms", milliseconds(time)));
        let (x, width) = (operation.start * scale, (operation.seconds * scale).max(0.3));
        let said = write!(
            drawing,
            "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{}\" width=\"{width:.2}\" height=\"24\"><title>{} of {} ciphertexts at {}\n{} ms, busy {} ms, predicted {predicted}</title></rect>\n",
            lane * 30 + 3,
            escaped(&operation.operation),
            operation.count,
            escaped(&operation.place),
            milliseconds(operation.seconds),
            milliseconds(operation.busy),
        );
        said.expect("a string takes everything");
    }
    for tenth in 0..10 {
        let x = WIDTH * f64::from(tenth) / 10.0;
        let time = milliseconds(profile.seconds * f64::from(tenth) / 10.0);
        drawing +=
            &format!("<text x=\"{x:.0}\" y=\"{}\" font-size=\"11\">{time} ms</text>\n", lanes * 30 + 15);
    }
    drawing + "</svg>\n"
}

fn row(place: &PlaceTime) -> String {
    let parts =
        [place.seconds(), place.keyswitch, place.bootstrap, place.linear, place.busy, place.predicted];
    let cells: String = parts.iter().map(|&part| format!("<td>{}</td>", milliseconds(part))).collect();
    let ratio =
        if place.predicted > 0.0 { format!("{:.2}", place.busy / place.predicted) } else { String::new() };
    format!("<tr>{cells}<td>{ratio}</td><td>{}</td></tr>\n", escaped(&place.place))
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.3}", 1e3 * seconds)
}

/// Text for HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
