# Meta-learning: the loss after one step of gradient descent
# Finn, Abbeel and Levine (2017), Model-agnostic meta-learning
X, X_test: 3 x m input
Y, Y_test: 2 x m
W: 4 x 3
V: 2 x 4
inner = mse(V @ tanh(W @ X), Y)
W_new = W - 0.1 * grad(inner, W)
V_new = V - 0.1 * grad(inner, V)
loss = mse(V_new @ tanh(W_new @ X_test), Y_test)
