//! The cases that people ask about, as scripts with their transcripts: `scenarios/*.txt`. What the product does today is what
//! the file says; when it is meant to do something else, run the test with `REWRITE=1` and look at the difference.

use std::path::PathBuf;

fn scripts() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_scenario_goes_as_it_is_written() {
    let scripts = scripts();
    assert!(scripts.len() >= 13, "the scripts were found: {}", scripts.len());
    let mut differing = Vec::new();
    for file in scripts {
        let written = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let (transcript, kept) = duologue::simulate::transcript(&written).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(kept, "{name} breaks a promise:\n{transcript}");
        if duologue::config::environment("REWRITE").is_some() {
            std::fs::write(&file, &transcript).unwrap();
        } else if transcript != written {
            differing.push(format!("{name} goes otherwise:\n{transcript}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
