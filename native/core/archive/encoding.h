// The encodings that extended attributes have in archives.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::archive {

// star's and GNU tar's text form ("user::rw-,user:1000:r--,group::r--,mask::r--,other::---", separated by commas or
// newlines; a fourth part is the numeric id) as the kernel's system.posix_acl_* value. nullopt where the text is wrong
// or has a name with no number: whose name it is, only the archive's maker knew.
std::optional<std::string> acl_from_text(std::string_view text);

// libarchive encodes attribute names as in URLs and values in base64.
std::optional<std::string> percent_decode(std::string_view text);
std::optional<std::string> base64_decode(std::string_view text);
std::string base64_encode(std::string_view bytes);

}  // namespace slipway::archive
