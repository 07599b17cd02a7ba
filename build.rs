//! Lists the captures of `captures/` and their recipes, which the program carries with it.

use std::fs;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=captures");
    let root = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let folder = Path::new(&root).join("captures");
    let mut captures: Vec<_> = fs::read_dir(&folder)
        .expect("captures/ is part of the package")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "pcap"))
        .collect();
    captures.sort();
    let lines: String = captures
        .iter()
        .map(|path| {
            let name = path.file_stem().expect("it has a name").display();
            let recipe = path.with_extension("toml");
            let (name, path) = (name.to_string(), path.display().to_string());
            let recipe = recipe.display().to_string();
            format!("({name:?}, include_bytes!({path:?}), include_str!({recipe:?})),\n")
        })
        .collect();
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    let list = Path::new(&out).join("captures.rs");
    fs::write(list, format!("&[{lines}]")).expect("cargo's folder can be written");
}
