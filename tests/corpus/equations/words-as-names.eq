# Words, dots, hats and numbers as names
# m = 5
x_bar: 3 x m input
Y_hat: 2 x m target
W_hidden: 4 x 3
b_hidden: 4 x 1
W_out: 2 x 4
Z_hidden = W_hidden @ x_bar + b_hidden
Hidden = elu(Z_hidden)
y_tilde = W_out @ Hidden
loss = mse(y_tilde, Y_hat)
