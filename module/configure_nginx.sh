# Runs nginx's configure for its headers: configure_nginx.sh SOURCE DIRECTORY. Result in DIRECTORY/objs.
set -e
source_directory=$1
directory=$2
mkdir -p "$directory"
cd "$directory"
# configure writes beside itself, and an installed source tree is not ours to write to.
ln -sfn "$source_directory/auto" auto
ln -sfn "$source_directory/src" src
ln -sfn "$source_directory/configure" configure
NGX_CONF_FLAGS=(--with-compat --with-debug --with-threads --with-http_ssl_module --with-http_v2_module
                --with-http_realip_module)
if [ -f "$source_directory/conf_flags" ]; then
  . "$source_directory/conf_flags"  # Debian's nginx-dev: the flags that nginx was built with
fi
rm -rf objs
sh ./configure "${NGX_CONF_FLAGS[@]}" --builddir=objs
