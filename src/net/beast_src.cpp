// Beast's HTTP parser, compiled once. Its websocket is not used (net/detail/websocket_frame.hpp says why).
#include <boost/beast/src.hpp>
