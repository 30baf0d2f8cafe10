use xtask::spec::*;
fn main(){
  let docs=Document::read_folder(std::path::Path::new("spec/published")).unwrap_or_else(|e|panic!("{e}"));
  let n=normalise(docs,&overlay::Overlay::read_folder(std::path::Path::new("spec/overlays")).unwrap_or_else(|e|panic!("{e}")),normalise::Idle::Refused).unwrap_or_else(|e|panic!("{e}"));
  let f=xtask::generate::generate(&n).unwrap_or_else(|e|panic!("{e}"));
  for (p,t) in f { std::fs::create_dir_all(std::path::Path::new(&p).parent().unwrap()).unwrap(); std::fs::write(p,t).unwrap(); }
}
