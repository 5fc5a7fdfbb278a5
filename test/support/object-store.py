"""
OpenStack Swift with its S3 interface (Debian's python3-swift) in one process on loopback: proxy, account,
container and object server as green threads, a cache in memory instead of memcached.
Usage: object-store.py FOLDER. Prints the port of the proxy when it is ready.
"""
import os
import sys
import time

from swift.common import utils

utils.eventlet_monkey_patch()
utils.HASH_PATH_SUFFIX = b'test'

import eventlet
import eventlet.wsgi
from swift.common import storage_policy, wsgi
from swift.common.ring import RingBuilder

FOLDER = sys.argv[1]
utils.SWIFT_CONF_FILE = os.path.join(FOLDER, 'swift.conf')
storage_policy.reload_storage_policies()

SERVER = '[DEFAULT]\nswift_dir = {folder}\ndevices = {folder}\nmount_check = false\nlog_level = ERROR\n' \
    '[pipeline:main]\npipeline = {kind}-server\n[app:{kind}-server]\nuse = egg:swift#{kind}\n'
PROXY = '''[DEFAULT]
swift_dir = {folder}
log_level = ERROR
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats cache s3api tempauth copy slo proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:cache]
paste.filter_factory = cache_in_memory:factory
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
allow_multipart_uploads = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
node_timeout = 30
'''


class Cache(object):
    """What Swift asks of memcached; one process needs no other."""

    def __init__(self):
        self.values = {}

    def get(self, key, raise_on_error=False):
        value, until = self.values.get(key, (None, 0))
        return value if until == 0 or until > time.time() else None

    def set(self, key, value, serialize=True, time=0, min_compress_len=0, raise_on_error=False):
        self.values[key] = (value, now() + time if time else 0)

    def delete(self, key, server_key=None):
        self.values.pop(key, None)

    def incr(self, key, delta=1, time=0):
        value = int(self.get(key) or 0) + delta
        self.set(key, value, time=time)
        return value

    def decr(self, key, delta=1, time=0):
        return self.incr(key, -delta, time)


def now():
    return time.time()


def factory(_settings, **_local):
    cache = Cache()

    def with_cache(app):
        def handle(env, start_response):
            env['swift.cache'] = cache
            return app(env, start_response)
        return handle
    return with_cache


# Paste names filters by module.
sys.modules['cache_in_memory'] = sys.modules[__name__]


def listen():
    return eventlet.listen(('127.0.0.1', 0), backlog=256)


def serve(name, text, socket):
    path = os.path.join(FOLDER, name + '.conf')
    with open(path, 'w') as file:
        file.write(text)
    app = wsgi.loadapp(path)
    eventlet.spawn(eventlet.wsgi.server, socket, app, log=utils.NullLogger(), keepalive=True)


os.makedirs(os.path.join(FOLDER, 'device'))
for kind in ('account', 'container', 'object'):
    socket = listen()
    builder = RingBuilder(4, 1, 0)
    builder.add_dev({
        'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': socket.getsockname()[1],
        'device': 'device', 'weight': 1.0,
    })
    builder.rebalance()
    builder.get_ring().save(os.path.join(FOLDER, kind + '.ring.gz'))
    serve(kind, SERVER.format(folder=FOLDER, kind=kind), socket)
proxy = listen()
serve('proxy', PROXY.format(folder=FOLDER), proxy)
print(proxy.getsockname()[1], flush=True)
# Ends with the test, whatever way that ends.
eventlet.tpool.execute(sys.stdin.read)
os._exit(0)
