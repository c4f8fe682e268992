//! The read-side view on the emulator, read by another client.

use super::fixture::{Fixture, ROWS, SURVIVORS};

#[test]
fn the_view_has_the_survivors_for_every_reader() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    let read = || {
        let sql = format!("SELECT id FROM {}.predictions_current ORDER BY 1", fixture.dataset);
        fixture.emulator.query(&sql).into_iter().flatten().collect::<Vec<_>>()
    };
    fixture.project.onerow("view create").exits(0);
    assert_eq!(read(), SURVIVORS);
    fixture.project.onerow("view create").exits(2).says(&["--replace"]);
    fixture.project.onerow("view create --replace").exits(0);
    fixture.project.onerow(&format!("apply {}", super::fixture::WINDOW)).exits(0);
    assert_eq!(read(), SURVIVORS);
    fixture.project.onerow("view drop").exits(0);
    let story = fixture.story();
    assert_eq!(
        story.iter().filter(|line| line.contains("_view") && line.contains(" done")).count(),
        3,
        "{story:?}"
    );
}
