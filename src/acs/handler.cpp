#include "acs/handler.hpp"

namespace ecs::acs {

base::Async<> Handler::save_manifest_sequence(std::int64_t /*timeline*/) { co_return; }
base::Async<> Handler::stop_tasks(std::vector<std::string> /*arns*/) { co_return; }

base::Async<bool> Handler::attach_task_interfaces(AttachTaskNetworkInterfacesMessage /*message*/) { co_return false; }
base::Async<bool> Handler::attach_instance_interfaces(AttachInstanceNetworkInterfacesMessage /*message*/) {
  co_return false;
}
base::Async<bool> Handler::confirm_attachment(ConfirmAttachmentMessage /*message*/) { co_return false; }

}  // namespace ecs::acs
