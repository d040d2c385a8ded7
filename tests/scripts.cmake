# Tests of the scripts. Included by tests/CMakeLists.txt.
add_test(NAME scripts.layers COMMAND ${PROJECT_SOURCE_DIR}/.ci/check_layers)
add_test(NAME scripts.layers_self_test COMMAND ${PROJECT_SOURCE_DIR}/.ci/check_layers --self-test)
add_test(NAME scripts.packages COMMAND ${PROJECT_SOURCE_DIR}/tests/scripts/packages_test)
add_test(NAME scripts.umount_helper COMMAND ${PROJECT_SOURCE_DIR}/tests/scripts/umount_helper_test)
add_test(NAME scripts.third_party_backend
         COMMAND ${PROJECT_SOURCE_DIR}/tests/scripts/third_party_backend_test ${PROJECT_BINARY_DIR})
add_test(NAME scripts.tutorial COMMAND ${PROJECT_SOURCE_DIR}/tests/scripts/tutorial_test ${PROJECT_BINARY_DIR})
add_test(NAME scripts.systemd_units COMMAND ${PROJECT_SOURCE_DIR}/tests/scripts/systemd_units_test)
add_test(NAME scripts.bench_mails COMMAND ${PROJECT_SOURCE_DIR}/tests/scripts/make_mails_test)
add_test(NAME scripts.bench_table COMMAND ${PROJECT_SOURCE_DIR}/tests/scripts/bench_table_test)
add_test(NAME scripts.bench_account COMMAND ${PROJECT_SOURCE_DIR}/tests/scripts/make_account_test)
add_test(NAME scripts.shell_syntax COMMAND sh -c "set -e
    for script in packaging/packages packaging/check_fuse packaging/quickstart packaging/build-debs packaging/test-debs tests/bench/mountd tests/run .ci/run; do bash -n $script; done
    sh -n packaging/umount.fuse.mapistorefs")
set_tests_properties(scripts.shell_syntax PROPERTIES WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(scripts.layers scripts.layers_self_test scripts.packages scripts.umount_helper scripts.systemd_units
    scripts.third_party_backend scripts.tutorial
    scripts.bench_mails scripts.bench_account scripts.shell_syntax PROPERTIES LABELS scripts TIMEOUT 120)
