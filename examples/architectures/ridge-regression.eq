# Ridge regression, its weights by the normal equations
# Hoerl and Kennard (1970), Ridge regression
X, X_test: 3 x m input
Y, Y_test: 1 x m
s: 1 x 1
K = X @ X.T + exp(s) * eye(3)
w = solve(K, X @ Y.T)
loss = mse(w.T @ X_test, Y_test)
