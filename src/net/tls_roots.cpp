// Trust roots, found one by one when they are asked for.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "base/text.hpp"
#include "net/detail/tls.hpp"

namespace ecs::net::detail {

namespace {

namespace fs = std::filesystem;

// Where distributions keep their bundle, and their directories; Go's lists.
constexpr const char* kBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
};
constexpr const char* kDirectories[] = {"/etc/ssl/certs", "/etc/pki/tls/certs"};

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct CertificateFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, CertificateFree>;

struct Places {
  std::vector<std::string> files;
  std::vector<std::string> directories;
};

Places places_of(const TlsContext::Options& options) {
  Places places;
  if (options.ca_file || options.ca_dir) {
    if (options.ca_file) places.files.push_back(*options.ca_file);
    if (options.ca_dir) places.directories.push_back(*options.ca_dir);
    return places;
  }
  std::error_code ignored;
  if (std::string file = options.environment("SSL_CERT_FILE"); !file.empty()) {
    places.files.push_back(std::move(file));
  } else if (const auto* bundle = std::ranges::find_if(
                 kBundles, [&ignored](const char* path) { return fs::is_regular_file(path, ignored); });
             bundle != std::end(kBundles)) {
    places.files.emplace_back(*bundle);
  }
  if (const std::string dirs = options.environment("SSL_CERT_DIR"); !dirs.empty()) {
    places.directories = base::split(dirs, ':');
  } else {
    places.directories.assign(std::begin(kDirectories), std::end(kDirectories));
  }
  return places;
}

/// `4f316efb.0`: the directory was made by c_rehash, which knows names without opening a file.
bool is_hashed(const std::string& directory) {
  std::error_code error;
  for (fs::directory_iterator i(directory, error), end; !error && i != end; i.increment(error)) {
    const std::string name = i->path().filename().string();
    if (name.size() == 10 && name[8] == '.' && name.find_first_not_of("0123456789abcdef") == 8) return true;
  }
  return false;
}

/// Adds those certificates of a PEM file to the store whose subject is `name`; `first` becomes the first of all.
void take_from_file(const std::string& path, const X509_NAME* name, X509_STORE* store, X509*& first) {
  const std::unique_ptr<BIO, BioFree> file(BIO_new_file(path.c_str(), "re"));
  while (file) {
    const Certificate next(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    if (X509_NAME_cmp(X509_get_subject_name(next.get()), name) != 0) continue;
    // The store keeps it, so that the next handshake reads no file.
    if (X509_STORE_add_cert(store, next.get()) == 1 && first == nullptr) first = next.get();
  }
  ERR_clear_error();  // A missing file and the end of a file leave an error behind.
}

int get_by_subject(X509_LOOKUP* lookup, X509_LOOKUP_TYPE type, const X509_NAME* name, X509_OBJECT* out) {
  if (type != X509_LU_X509) return 0;
  const auto& places = *static_cast<const Places*>(X509_LOOKUP_get_method_data(lookup));
  X509_STORE* store = X509_LOOKUP_get_store(lookup);
  X509* first = nullptr;
  for (const std::string& file : places.files) take_from_file(file, name, store, first);
  for (const std::string& directory : places.directories) {
    std::error_code error;
    for (fs::directory_iterator i(directory, error), end; !error && i != end; i.increment(error)) {
      take_from_file(i->path().string(), name, store, first);
    }
  }
  if (first == nullptr || X509_OBJECT_set1_X509(out, first) != 1) return 0;
  // OpenSSL counts the reference once more by itself; without this the certificate would never be freed.
  X509_free(first);
  return 1;
}

void free_places(X509_LOOKUP* lookup) { delete static_cast<Places*>(X509_LOOKUP_get_method_data(lookup)); }

X509_LOOKUP_METHOD* file_method() {
  static X509_LOOKUP_METHOD* const kMethod = [] {
    X509_LOOKUP_METHOD* method = X509_LOOKUP_meth_new("certificates in files");
    X509_LOOKUP_meth_set_get_by_subject(
        method, [](X509_LOOKUP* lookup, X509_LOOKUP_TYPE type, const X509_NAME* name, X509_OBJECT* out) {
          return get_by_subject(lookup, type, name, out);
        });
    X509_LOOKUP_meth_set_free(method, free_places);
    return method;
  }();
  return kMethod;
}

}  // namespace

void use_roots(X509_STORE* store, const TlsContext::Options& options) {
  auto places = std::make_unique<Places>(places_of(options));
  // Hashed directories are asked first: they cost one file each time.
  std::erase_if(places->directories, [store](const std::string& directory) {
    if (!is_hashed(directory)) return false;
    X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    return lookup != nullptr && X509_LOOKUP_add_dir(lookup, directory.c_str(), X509_FILETYPE_PEM) == 1;
  });
  X509_LOOKUP* lookup = X509_STORE_add_lookup(store, file_method());
  if (lookup == nullptr) throw std::runtime_error("TLS roots cannot be set up: " + openssl_error());
  X509_LOOKUP_set_method_data(lookup, places.release());
}

}  // namespace ecs::net::detail
