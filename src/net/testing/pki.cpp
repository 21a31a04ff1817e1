#include "net/testing/pki.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace ecs::net::testing {

namespace {

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Bio = std::unique_ptr<BIO, Free>;

Key make_key(bool rsa) { return Key(rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256")); }

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (!extension) throw std::runtime_error("test certificate: bad extension " + value);
  X509_add_ext(certificate, extension.get(), -1);
}

Certificate make_certificate(EVP_PKEY* key, const std::string& name, const CertificateRequest& request) {
  static long serial = 1;
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), request.valid_from.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), request.valid_until.count());
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) {
    std::array<char, sizeof(in6_addr)> ignored{};
    const bool ip =
        inet_pton(AF_INET, name.c_str(), ignored.data()) == 1 || inet_pton(AF_INET6, name.c_str(), ignored.data()) == 1;
    all += (all.empty() ? "" : ",") + std::string(ip ? "IP:" : "DNS:") + name;
  }
  return all;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

std::string pem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

std::string write_file(const std::string& content) {
  std::string path = "/tmp/ecs-test-ca-XXXXXX";
  const int fd = ::mkstemp(path.data());
  if (fd < 0 || ::write(fd, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    throw std::runtime_error("test certificate: cannot write " + path);
  }
  ::close(fd);
  return path;
}

}  // namespace

struct TestAuthority::Impl {
  Key key;
  Certificate certificate;
  std::string pem;
  std::string file;
};

TestAuthority::TestAuthority(std::string name) : impl_(std::make_unique<Impl>()) {
  impl_->key = make_key(false);
  impl_->certificate = make_certificate(impl_->key.get(), name, {.names = {}, .valid_until = std::chrono::hours(24)});
  X509* certificate = impl_->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign");
  add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
  X509_sign(certificate, impl_->key.get(), EVP_sha256());
  impl_->pem = pem(certificate);
  impl_->file = write_file(impl_->pem);
}

TestAuthority::~TestAuthority() { ::unlink(impl_->file.c_str()); }

Identity TestAuthority::issue(const CertificateRequest& request) const {
  const Key key = make_key(request.rsa);
  const Certificate certificate = make_certificate(key.get(), "test server", request);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(impl_->certificate.get()));
  X509* issuer = impl_->certificate.get();
  add_extension(certificate.get(), issuer, NID_subject_alt_name, alternative_names(request.names));
  add_extension(certificate.get(), issuer, NID_authority_key_identifier, "keyid");
  X509_sign(certificate.get(), impl_->key.get(), EVP_sha256());
  return {pem(certificate.get()), pem(key.get())};
}

const std::string& TestAuthority::certificate_pem() const { return impl_->pem; }
const std::string& TestAuthority::file() const { return impl_->file; }

}  // namespace ecs::net::testing
