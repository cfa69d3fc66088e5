# Runs nginx's configure for its headers: configure_nginx.sh SOURCE DIRECTORY [FLAGS]. Result in DIRECTORY/objs.
# FLAGS: one word, as `nginx -V` prints them; without, those of Debian's nginx-dev or what a module needs at least.
set -e
source_directory=$1
directory=$2
mkdir -p "$directory"
cd "$directory"
# configure writes beside itself, and an installed source tree is not ours to write to.
ln -sfn "$source_directory/auto" auto
ln -sfn "$source_directory/src" src
ln -sfn "$source_directory/configure" configure
NGX_CONF_FLAGS=(--with-compat --with-threads --with-http_ssl_module --with-http_v2_module --with-http_realip_module)
if [ -n "$3" ]; then
  eval "NGX_CONF_FLAGS=($3)"  # quoted as for a shell
elif [ -f "$source_directory/conf_flags" ]; then
  . "$source_directory/conf_flags"  # Debian's nginx-dev: the flags that nginx was built with
fi
wanted=()
for flag in "${NGX_CONF_FLAGS[@]}"; do
  # Other modules that are files of their own: they change no header, and may need libraries that are not here.
  [[ $flag == --add-* || $flag == *=dynamic ]] || wanted+=("$flag")
done
rm -rf objs
sh ./configure "${wanted[@]}" --builddir=objs
