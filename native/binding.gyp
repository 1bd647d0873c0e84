{
  # Sources are globbed so that a new file needs no edit here; tests (*_test.cc) and fuzzers (*_fuzz.cc) are separate programs.
  "variables": { "list": "node list_sources.mjs" },
  "target_defaults": {
    "cflags!": ["-fno-exceptions"],
    "cflags": ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wno-unused-parameter", "-Werror", "-fstack-protector-strong"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-exceptions", "-fno-rtti"],
    # gnu++2a is gnu++20; that spelling would be taken out again by the line above, which keeps out what Node's own settings add.
    # -Wrestrict: GCC 12 sees overlaps in "literal" + std::string that can't happen (GCC bug 105651).
    "cflags_cc": ["-std=gnu++2a", "-Wno-missing-field-initializers", "-Wno-restrict"],
    "defines": ["_GNU_SOURCE", "_FILE_OFFSET_BITS=64"],
    "include_dirs": ["."],
    "default_configuration": "Release",
    "configurations": {
      "Release": { "cflags": ["-O2", "-g0", "-ffunction-sections", "-fdata-sections"], "defines": ["NDEBUG", "_FORTIFY_SOURCE=2"] },
      "Debug": { "cflags": ["-O0", "-g"] }
    }
  },
  "targets": [
    {
      "target_name": "core",
      "type": "static_library",
      "cflags": ["-fPIC", "-fvisibility=hidden"],
      "sources": ["<!@(<(list) core)"]
    },
    {
      "target_name": "slipway-oci",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["<!@(<(list) oci)"],
      "ldflags": ["-static", "-Wl,--gc-sections", "-s"],
      "libraries": ["-lseccomp"]
    },
    {
      "target_name": "slipway-init",
      "type": "executable",
      "sources": ["<!@(<(list) init)"],
      "ldflags": ["-static", "-Wl,--gc-sections", "-s"]
    },
    {
      "target_name": "slipway-hello",
      "type": "executable",
      "sources": ["<!@(<(list) hello)"],
      "ldflags": ["-static", "-Wl,--gc-sections", "-s"]
    },
    {
      "target_name": "slipway",
      "type": "loadable_module",
      "product_extension": "node",
      "dependencies": ["core"],
      "sources": ["<!@(<(list) addon)"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_DEPRECATED", "NAPI_CPP_EXCEPTIONS"],
      "cflags": ["-fPIC", "-fvisibility=hidden", "-isystem", "<!(node -p \"require('path').resolve(require('node-addon-api').include_dir)\")"],
      "cflags_cc": ["-fexceptions"],
      # Debian's static libraries are not built for shared objects; with their symbols hidden they can be linked into one.
      "ldflags": ["-static-libgcc", "-static-libstdc++", "-Wl,--gc-sections", "-Wl,--exclude-libs,ALL", "-s"],
      "libraries": ["-l:libz.a", "-l:libzstd.a"]
    },
    {
      "target_name": "native-tests",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["<!@(<(list) tests)"],
      "libraries": ["-lseccomp", "-lz", "-lzstd"]
    }
  ]
}
