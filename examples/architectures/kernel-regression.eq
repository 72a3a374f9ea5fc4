# Kernel ridge regression with a trained width, on points that are left out
# Saunders, Gammerman and Vovk (1998), Ridge regression learning algorithm in dual variables
X: 2 x 5 input
X_test: 2 x m input
Y: 1 x 5
Y_test: 1 x m
s, t: 1 x 1
q = sum(X**2, axis=0)
K = exp(exp(s) * (2 * X.T @ X - q - q.T))
a = solve(K + exp(t) * eye(5), Y.T)
K_test = exp(exp(s) * (2 * X.T @ X_test - q.T - sum(X_test**2, axis=0)))
loss = mean((a.T @ K_test - Y_test)**2)
