#include "acs/messages.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "json/decode.hpp"
#include "json/value.hpp"

namespace ecs::acs {

namespace {

struct NoticeBody {
  Text message;
};
BOOST_DESCRIBE_STRUCT(NoticeBody, (), (message))

/// Types that carry nothing but a text.
constexpr std::array<std::string_view, 8> kNotices = {"CloseMessage",
                                                      "ErrorMessage",
                                                      "ServerException",
                                                      "BadRequestException",
                                                      "InvalidClusterException",
                                                      "InvalidInstanceException",
                                                      "InactiveInstanceException",
                                                      "AccessDeniedException"};

bool is_notice(std::string_view type) { return std::ranges::find(kNotices, type) != kNotices.end(); }

struct Envelope {
  std::string type;
  std::optional<boost::json::value> message;
};

/// encoding/json's rule: of all members whose name matches in any case, the last counts.
std::optional<Envelope> open_envelope(boost::json::object& frame) {
  Envelope envelope;
  for (auto& member : frame) {
    auto& value = member.value();
    if (base::equal_ignoring_case(member.key(), "type")) {
      if (value.is_null()) continue;
      if (!value.is_string()) return std::nullopt;
      envelope.type = std::string(value.get_string());
    } else if (base::equal_ignoring_case(member.key(), "message")) {
      envelope.message = std::move(value);
    }
  }
  if (envelope.type.empty()) return std::nullopt;
  return envelope;
}

/// `{"ServerException":"x"}`.
std::optional<Notice> bare_error(const boost::json::object& frame) {
  if (frame.size() != 1 || !frame.begin()->value().is_string() || !is_notice(frame.begin()->key())) return std::nullopt;
  return Notice{std::string(frame.begin()->key()), std::string(frame.begin()->value().get_string())};
}

template <class Message>
Message read(const Envelope& envelope) {
  if (!envelope.message) throw DecodeError(envelope.type + ": message: missing");
  // A null leaves every member absent.
  if (envelope.message->is_null()) return {};
  try {
    return json::from_value<Message>(*envelope.message);
  } catch (const json::Error& e) {
    throw DecodeError(fmt::format("{}: {}", envelope.type, e.what()));
  }
}

/// Tries the types of the list one by one.
template <class Variant, class... Messages>
std::optional<Variant> read_one_of(const Envelope& envelope) {
  std::optional<Variant> found;
  const auto attempt = [&]<class Message>(std::type_identity<Message>) {
    if (found || envelope.type != Message::kType) return;
    found.emplace(read<Message>(envelope));
  };
  (attempt(std::type_identity<Messages>{}), ...);
  return found;
}

std::optional<Inbound> read_inbound(const Envelope& envelope) {
  return read_one_of<Inbound, HeartbeatMessage, PayloadMessage, IamRoleCredentialsMessage,
                     AttachTaskNetworkInterfacesMessage, AttachInstanceNetworkInterfacesMessage,
                     ConfirmAttachmentMessage, TaskManifestMessage, TaskStopVerificationAck, StageUpdateMessage,
                     PerformUpdateMessage>(envelope);
}

std::optional<Outbound> read_outbound(const Envelope& envelope) {
  return read_one_of<Outbound, HeartbeatAckRequest, AckRequest, NackRequest, IamRoleCredentialsAckRequest,
                     TaskStopVerificationMessage>(envelope);
}

boost::json::value parse_frame(std::string_view frame) {
  try {
    auto value = json::parse(frame);
    if (!value.is_object()) throw DecodeError("the frame is not a JSON object");
    return value;
  } catch (const json::Error& e) {
    throw DecodeError(fmt::format("the frame is not JSON: {}", e.what()));
  }
}

}  // namespace

Inbound decode(std::string_view frame) {
  auto value = parse_frame(frame);
  auto& object = value.get_object();
  if (auto error = bare_error(object)) return *std::move(error);
  const auto envelope = open_envelope(object);
  if (!envelope) throw DecodeError("type: missing, empty, or not a string");
  if (auto message = read_inbound(*envelope)) return *std::move(message);
  if (is_notice(envelope->type)) return Notice{envelope->type, read<NoticeBody>(*envelope).message};
  if (read_outbound(*envelope)) return Notice{envelope->type, std::nullopt};
  throw DecodeError(
      fmt::format("type: {} is unknown", base::go_quote(std::string_view(envelope->type).substr(0, 100))));
}

std::string_view type_of(const Inbound& message) {
  return std::visit(
      []<class Message>(const Message& m) -> std::string_view {
        if constexpr (std::is_same_v<Message, Notice>) {
          return m.type;
        } else {
          return Message::kType;
        }
      },
      message);
}

Outbound decode_outbound(std::string_view frame) {
  auto value = parse_frame(frame);
  const auto envelope = open_envelope(value.get_object());
  if (!envelope) throw DecodeError("type: missing, empty, or not a string");
  if (auto message = read_outbound(*envelope)) return *std::move(message);
  throw DecodeError(fmt::format("type: {} is nothing that an agent sends", base::go_quote(envelope->type)));
}

std::optional<std::string> decode_refusal(std::string_view body) {
  try {
    const auto message = decode(body);
    const auto* notice = std::get_if<Notice>(&message);
    if (notice == nullptr || !is_notice(notice->type)) return std::nullopt;
    return fmt::format("{}: {}", notice->type, notice->message.value_or(""));
  } catch (const DecodeError&) {
    return std::nullopt;
  }
}

namespace detail {

std::string envelope(std::string_view type, std::string_view message) {
  return fmt::format(R"({{"type":"{}","message":{}}})", type, message);
}

}  // namespace detail

}  // namespace ecs::acs
