use super::*;

#[test]
fn an_abandoned_file_is_taken_over_and_one_in_use_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("a_rot90.bmp");
    let (first, first_file) = Hidden::create(&output, 0o666).unwrap();
    let (second, _second_file) = Hidden::create(&output, 0o666).unwrap();
    assert_ne!(first.name, second.name);
    // Killed: its lock is gone, its name is not.
    drop(first_file);
    let (third, _third_file) = Hidden::create(&output, 0o666).unwrap();
    assert_eq!(first.name, third.name);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_free_name_is_taken_and_another_file_kept() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("a_rot90.bmp");
    let (mut hidden, file) = Hidden::create(&output, 0o666).unwrap();
    std::fs::write(&output, "kept").unwrap();
    let error = hidden.rename(&file, &output, false).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    std::fs::remove_file(&output).unwrap();
    hidden.rename(&file, &output, false).unwrap();
    drop((file, hidden));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_hidden_name_fits_whatever_the_name() {
    let name = hidden_name(OsStr::new(&"x".repeat(255)), 0);
    assert!(name.len() < 64);
    assert_ne!(name, hidden_name(OsStr::new("x"), 0));
}
